"""Checks of a PDF before its upload. Only definite problems are a reason to refuse it.

Run as a program, this module is the child process that opens the PDF on its stdin: on a broken
file, pypdf may loop, recurse, or exhaust memory, so it runs in isolation with a time limit.
"""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, BinaryIO

from fnt.files import open_regular, read_errors
from fnt.wire.error_codes import ErrorCode, JobErrorCode

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
FAILED: Mapping[str, Any] = {"not_checked": "the check itself failed"}

Ask = Callable[..., Mapping[str, Any]]
"""Takes a file, `timeout_s` and `stopped`, and returns what a look at it finds."""


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
    ask: Ask | None = None,
) -> Preflight:
    """Check a file, with a time limit. Raises NotFoundError, UsageError if it cannot be opened.

    `ask` has another process look at the content; by default one that is started for it.
    """
    with read_errors(path), open_regular(path) as file:
        looked = partial(
            ask or ask_child, timeout_s=timeout_s, stopped=stopped or threading.Event()
        )
        return _inspected(file, looked, max_bytes=max_bytes)


def _inspected(
    file: BinaryIO, looked: Callable[[BinaryIO], Mapping[str, Any]], *, max_bytes: int
) -> Preflight:
    size_bytes = os.fstat(file.fileno()).st_size
    problem = _plain_problem(file.read(HEAD_BYTES), size_bytes=size_bytes, max_bytes=max_bytes)
    if problem is not None:
        return Preflight(size_bytes=size_bytes, problem=problem)
    file.seek(0)
    found = looked(file)
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


def _problem_of(found: Mapping[str, Any]) -> Problem | None:
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


def ask_child(file: BinaryIO, *, timeout_s: float, stopped: threading.Event) -> Mapping[str, Any]:
    """Return the result of the child process, or the reason why there is none."""
    try:
        with start_child("fnt.flow.inputs.preflight", stdin=file, stdout=subprocess.PIPE) as child:
            found: dict[str, Any] = json.loads(
                _output_of(child, timeout_s=timeout_s, stopped=stopped)
            )
    except subprocess.TimeoutExpired:
        return no_answer(timeout_s)
    except (OSError, ValueError):
        return FAILED
    return found


def no_answer(within_s: float) -> dict[str, Any]:
    """Return the result of a look that took too long."""
    return {"not_checked": f"no answer within {within_s:g} s"}


def start_child(
    module: str, *args: str, stdin: BinaryIO | int, stdout: int, pass_fds: Sequence[int] = ()
) -> subprocess.Popen[bytes]:
    """Start a module as a child process that knows no secrets."""
    return subprocess.Popen(
        [sys.executable, "-P", "-B", "-m", module, *args],
        env=_child_environ(os.environ),
        stdin=stdin,
        stdout=stdout,
        stderr=subprocess.DEVNULL,
        pass_fds=pass_fds,
        process_group=0,  # Ctrl-C ends the run, which ends its checks
    )


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


def limit_resources() -> None:
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


def look(file: BinaryIO) -> dict[str, Any]:
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
    limit_resources()
    json.dump(look(sys.stdin.buffer), sys.stdout)


if __name__ == "__main__":
    _main()
