"""Reasons for not uploading a book."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from fnt.errors import ExitCode, FntError
from fnt.flow.inputs.preflight import Preflight
from fnt.flow.ledger import Book
from fnt.progress import Refused
from fnt.wire.error_codes import ErrorCode, JobErrorCode

FILE_CHANGED = "FILE_CHANGED"
HINTS: Mapping[str, str] = {
    ErrorCode.NOT_A_PDF: "export or download it as a PDF",
    ErrorCode.FILE_TOO_LARGE: "split it into parts",
    JobErrorCode.PDF_ENCRYPTED: "remove the password first",
}
"""What to do about a problem found before anything is sent."""


Warn = Callable[[str, str], None]
"""Says of a book, given by its name, that something may be wrong."""


def refusal(look: Preflight, book: Book, *, warn: Warn) -> Refused | None:
    """Return why a book is refused, or None; problems that are not certain are only warnings."""
    if look.not_checked is not None:
        warn(book.path, f"not checked: {look.not_checked}")
    problem = look.problem
    if problem is None:
        return None
    if not problem.certain:
        warn(book.path, problem.message)
        return None
    return Refused(
        key=book.key,
        title=book.path,
        message=problem.message,
        code=problem.code,
        hint=HINTS.get(problem.code),
    )


def unreadable(error: FntError, book: Book) -> Refused:
    """Return the refusal of a book whose file cannot be read."""
    return Refused(
        key=book.key,
        title=book.path,
        message=error.message,
        code=error.code,
        hint=error.hint,
        exit_code=error.exit_code,
    )


def changed(book: Book) -> Refused:
    """Return the refusal of a book whose file has changed since its job was created."""
    return Refused(
        key=book.key,
        title=book.path,
        message="the file has changed since it was sent",
        code=FILE_CHANGED,
        hint="send it as a new job with: fnt batch retry",
        exit_code=ExitCode.REFUSED,
    )
