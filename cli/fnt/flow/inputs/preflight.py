"""Checks of a PDF before its upload. Only definite problems are a reason to refuse it."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, BinaryIO

from fnt.files import open_regular, read_errors
from fnt.pdf_look.child_process import LOOK_WITHIN_S, ask_child
from fnt.wire.error_codes import ErrorCode, JobErrorCode

USUAL_BYTES = 50 * 1024 * 1024
"""Default upload limit of a server; its actual limit is reported before anything is sent."""
MAX_BYTES = 4096 * 1024 * 1024
"""Upload limit no server can exceed."""
HEAD_BYTES = 1024

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
