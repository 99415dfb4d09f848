"""What can be known of a PDF before it is sent. Only what is certain is a reason to refuse it.

Run as a program it is the child that opens the PDF on its standard input: pypdf may loop, recurse
or fill the memory on a broken file, so it does so elsewhere and for a moment only.
"""

from __future__ import annotations

import contextlib
import json
import os
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from fnt.errors import UsageError
from fnt.files import read_errors
from fnt.wire.errors import ErrorCode, JobErrorCode

USUAL_BYTES = 50 * 1024 * 1024
"""What a server takes unless it was set otherwise: it says so itself, before a byte is sent."""
MAX_BYTES = 4096 * 1024 * 1024
"""What no server can be set to take more than."""
HEAD_BYTES = 1024
PAGES_LOOKED_AT = 5
LOOK_WITHIN_S = 10.0
"""Python itself takes a second to start on a busy machine: others are sent meanwhile."""
STOP_WITHIN_S = 0.2
"""How long a look goes on after it was stopped."""
CHILD_MEMORY_BYTES = 768 * 1024 * 1024
CHILD_CPU_S = 10
CHILD_OPEN_FILES = 64
CHILD_NEEDS = (
    "HOME",
    "USERPROFILE",
    "APPDATA",
    "SYSTEMROOT",
    "PYTHONHOME",
    "PYTHONPATH",
    "PYTHONUSERBASE",
    "LD_LIBRARY_PATH",
    "DYLD_LIBRARY_PATH",
)
"""Where Python and its packages are, those of `pip install --user` too."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """What speaks against a file. Unless certain, the server is to decide."""

    code: str
    message: str
    certain: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Preflight:
    """What a quick look at a file showed."""

    size_bytes: int
    page_count: int | None = None
    problem: Problem | None = None
    not_checked: str | None = None
    """Why nobody looked inside; the server is to decide."""


def inspect_pdf(
    path: Path,
    *,
    timeout_s: float = LOOK_WITHIN_S,
    max_bytes: int = MAX_BYTES,
    stopped: threading.Event | None = None,
) -> Preflight:
    """Look at a file for a moment. Raises NotFoundError and UsageError when it cannot be opened."""
    with read_errors(path), _opened(path) as file:
        return _inspected(
            file, timeout_s=timeout_s, max_bytes=max_bytes, stopped=stopped or threading.Event()
        )


def _opened(path: Path) -> BinaryIO:
    """Open without waiting: a named pipe would block for ever."""
    if not stat.S_ISREG(path.stat().st_mode):
        raise UsageError(f"{path} is not a file")
    descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_BINARY", 0))
    return open(descriptor, "rb")  # noqa: PTH123 -- a descriptor; the caller closes it


def _inspected(
    file: BinaryIO, *, timeout_s: float, max_bytes: int, stopped: threading.Event
) -> Preflight:
    size_bytes = os.fstat(file.fileno()).st_size
    problem = _plain_problem(file.read(HEAD_BYTES), size_bytes=size_bytes, max_bytes=max_bytes)
    if problem is not None:
        return Preflight(size_bytes=size_bytes, problem=problem)
    found = _ask_child(file, timeout_s=timeout_s, stopped=stopped)
    pages, problem = found.get("pages"), _problem_of(found)
    if problem is None and size_bytes > USUAL_BYTES:
        problem = _too_large(size_bytes, USUAL_BYTES, certain=False)
    return Preflight(
        size_bytes=size_bytes,
        page_count=pages if isinstance(pages, int) else None,
        problem=problem,
        not_checked=found.get("not_checked"),
    )


def _plain_problem(head: bytes, *, size_bytes: int, max_bytes: int) -> Problem | None:
    if b"%PDF-" not in head:
        what = "the file is empty" if size_bytes == 0 else "not a PDF"
        return Problem(code=ErrorCode.NOT_A_PDF, message=what, certain=True)
    if size_bytes > max_bytes:
        return _too_large(size_bytes, max_bytes, certain=True)
    return None


def _too_large(size_bytes: int, most_bytes: int, *, certain: bool) -> Problem:
    size, most = size_bytes / 2**20, most_bytes / 2**20
    message = f"the file is too large: {size:.1f} MiB, limit {most:.0f} MiB"
    if not certain:
        message = f"the file is {size:.1f} MiB; most servers accept at most {most:.0f} MiB"
    return Problem(code=ErrorCode.FILE_TOO_LARGE, message=message, certain=certain)


def _problem_of(found: dict[str, Any]) -> Problem | None:
    if found.get("needs_password"):
        return Problem(
            code=JobErrorCode.PDF_ENCRYPTED, message="the PDF needs a password", certain=True
        )
    if found.get("damaged"):
        return Problem(
            code=JobErrorCode.PDF_DAMAGED, message="the PDF appears to be damaged", certain=False
        )
    if found.get("has_text") is False:
        return Problem(
            code=JobErrorCode.PDF_NO_TEXT,
            message="the first pages contain no text; run OCR on a scanned book",
            certain=False,
        )
    return None


def _ask_child(file: BinaryIO, *, timeout_s: float, stopped: threading.Event) -> dict[str, Any]:
    """Return what the child found in time, or why it did not."""
    file.seek(0)
    try:
        with subprocess.Popen(
            [sys.executable, "-P", "-B", "-m", "fnt.flow.inputs.preflight"],
            env=_child_environ(os.environ),
            stdin=file,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        ) as child:
            found: dict[str, Any] = json.loads(
                _output_of(child, timeout_s=timeout_s, stopped=stopped)
            )
    except subprocess.TimeoutExpired:
        return {"not_checked": f"no answer within {timeout_s:g} s"}
    except (OSError, ValueError):
        return {"not_checked": "the check itself failed"}
    return found


def _output_of(
    child: subprocess.Popen[bytes], *, timeout_s: float, stopped: threading.Event
) -> bytes:
    """Wait for a child; kill it when its time is over or nobody waits for it any more."""
    ends_at = time.monotonic() + timeout_s
    try:
        while True:
            left_s = ends_at - time.monotonic()
            try:
                return child.communicate(timeout=max(0.0, min(STOP_WITHIN_S, left_s)))[0]
            except subprocess.TimeoutExpired:
                if stopped.is_set() or left_s <= STOP_WITHIN_S:
                    raise
    finally:
        child.kill()


def _child_environ(environ: Mapping[str, str]) -> dict[str, str]:
    """Return what Python needs to find its packages, and nothing else: no token, no password."""
    return {name: environ[name] for name in CHILD_NEEDS if name in environ}


def _limit_resources() -> None:
    """Give up what a look does not need, where the system can: memory, files, processes."""
    if sys.platform == "win32":
        return
    import resource  # noqa: PLC0415 -- POSIX only

    limits = {
        resource.RLIMIT_AS: CHILD_MEMORY_BYTES,
        resource.RLIMIT_CPU: CHILD_CPU_S,
        resource.RLIMIT_NOFILE: CHILD_OPEN_FILES,
        resource.RLIMIT_FSIZE: 0,
        resource.RLIMIT_NPROC: 0,
        resource.RLIMIT_CORE: 0,
    }
    for kind, value in limits.items():
        with contextlib.suppress(OSError, ValueError):  # macOS refuses some
            resource.setrlimit(kind, (value, value))


def _look(file: BinaryIO) -> dict[str, Any]:
    """Return what pypdf finds: pages, whether they hold text, whether a password is needed."""
    try:
        import pypdf  # noqa: PLC0415 -- 86 ms, in the child alone
    except ImportError:
        return {"not_checked": "pypdf is not installed"}
    try:
        return _facts(pypdf.PdfReader(file))
    except MemoryError:
        return {"not_checked": "it needs too much memory"}
    except Exception:  # pypdf raises what it likes on a broken file
        return {"damaged": True}


def _facts(reader: Any) -> dict[str, Any]:
    if reader.is_encrypted and not reader.decrypt(""):
        return {"needs_password": True}
    pages = reader.pages
    texts = (pages[n].extract_text() for n in range(min(PAGES_LOOKED_AT, len(pages))))
    return {"pages": len(pages), "has_text": any(text.strip() for text in texts)}


def _main() -> None:
    _limit_resources()
    json.dump(_look(sys.stdin.buffer), sys.stdout)


if __name__ == "__main__":
    _main()
