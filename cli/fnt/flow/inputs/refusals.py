"""Reasons for not uploading a book."""

from __future__ import annotations

from collections.abc import Callable

from fnt.errors import ExitCode, FntError
from fnt.flow.inputs.preflight import Preflight
from fnt.flow.ledger import Book
from fnt.progress import Refused

FILE_CHANGED = "FILE_CHANGED"


def refusal(look: Preflight, book: Book, *, warn: Callable[[str], None]) -> Refused | None:
    """Return why a book is refused, or None; problems that are not certain are only warnings."""
    if look.not_checked is not None:
        warn(f"warning: {book.path} not checked: {look.not_checked}")
    problem = look.problem
    if problem is None:
        return None
    if not problem.certain:
        warn(f"warning: {book.path}: {problem.message}")
        return None
    return Refused(key=book.key, title=book.path, message=problem.message, code=problem.code)


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
