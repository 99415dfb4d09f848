"""Why a book is not sent: what its file shows for certain, or that it cannot be read."""

from __future__ import annotations

from collections.abc import Callable

from fnt.errors import ExitCode, FntError
from fnt.flow.inputs.preflight import Preflight
from fnt.flow.ledger import Book
from fnt.progress import Refused

FILE_CHANGED = "FILE_CHANGED"


def refusal(look: Preflight, book: Book, *, warn: Callable[[str], None]) -> Refused | None:
    """Return why a book is not to be sent; what is not certain is only warned of."""
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
    """Refuse a book whose file cannot be read."""
    return Refused(
        key=book.key,
        title=book.path,
        message=error.message,
        code=error.code,
        hint=error.hint,
        exit_code=error.exit_code,
    )


def changed(book: Book) -> Refused:
    """Refuse a book whose file is not the one its job was made of."""
    return Refused(
        key=book.key,
        title=book.path,
        message="the file has changed since it was sent",
        code=FILE_CHANGED,
        hint="send it as a new job with: fnt batch retry",
        exit_code=ExitCode.REFUSED,
    )
