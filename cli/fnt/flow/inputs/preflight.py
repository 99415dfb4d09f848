"""Checks of a PDF before its upload. Only definite problems are a reason to refuse it.

Run as a program, this module is the child process that opens the PDF on its stdin: on a broken
file, pypdf may loop, recurse, or exhaust memory, so it runs in isolation with a time limit.
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
"""Default upload limit of a server; its actual limit is reported before anything is sent."""
MAX_BYTES = 4096 * 1024 * 1024
"""Upload limit no server can exceed."""
HEAD_BYTES = 1024
PAGES_LOOKED_AT = 5
LOOK_WITHIN_S = 10.0
"""Time limit of a check; starting Python alone may take 1 s on a busy machine."""
STOP_WITHIN_S = 0.2
"""Polling interval for a request to stop."""
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
"""Variables for locating Python and its packages, including those of `pip install --user`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """A problem with a file. Unless it is certain, the server decides."""

    code: str
    message: str
    certain: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Preflight:
    """The result of checking a file."""

    size_bytes: int
    page_count: int | None = None
    problem: Problem | None = None
    not_checked: str | None = None
    """Why the content was not checked, in which case the server decides."""


def inspect_pdf(
    path: Path,
    *,
    timeout_s: float = LOOK_WITHIN_S,
    max_bytes: int = MAX_BYTES,
    stopped: threading.Event | None = None,
) -> Preflight:
    """Check a file, with a time limit. Raises NotFoundError, UsageError if it cannot be opened."""
    with read_errors(path), _opened(path) as file:
        return _inspected(
            file, timeout_s=timeout_s, max_bytes=max_bytes, stopped=stopped or threading.Event()
        )


def _opened(path: Path) -> BinaryIO:
    """Open without blocking, as opening a named pipe otherwise would."""
    if not stat.S_ISREG(path.stat().st_mode):
        raise UsageError(f"{path} is not a file")
    descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_BINARY", 0))
    return open(descriptor, "rb")  # noqa: PTH123 -- a descriptor, closed by the caller


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
    """Return the result of the child process, or the reason why there is none."""
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
    """Wait for a child process; kill it on timeout or when the run stops."""
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
    """Return only the variables Python needs to find its packages: no tokens or passwords."""
    return {name: environ[name] for name in CHILD_NEEDS if name in environ}


def _limit_resources() -> None:
    """Limit memory, CPU time, open files, and processes, where the system supports it."""
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
        with contextlib.suppress(OSError, ValueError):  # macOS does not support all
            resource.setrlimit(kind, (value, value))


def _look(file: BinaryIO) -> dict[str, Any]:
    """Return what pypdf finds: pages, whether they have text, whether a password is needed."""
    try:
        import pypdf  # noqa: PLC0415 -- takes 86 ms, only in the child process
    except ImportError:
        return {"not_checked": "pypdf is not installed"}
    try:
        return _facts(pypdf.PdfReader(file))
    except MemoryError:
        return {"not_checked": "it needs too much memory"}
    except Exception:  # pypdf raises arbitrary exceptions for a broken file
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
