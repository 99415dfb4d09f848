"""How a bulk import as a whole stands: one error or none, and what scripts read of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from fnt.errors import (
    AllFailedError,
    ExitCode,
    FntError,
    NotFoundError,
    PartialError,
    RefusedInputError,
    TemporaryError,
)
from fnt.flow.ledger import FAILED, OPEN, Book, BookStatus, Ledger
from fnt.output.formatting import plural


@dataclass(frozen=True, slots=True, kw_only=True)
class ResumeHints:
    """What to type next."""

    again: str
    retry: str


def error_of_import(
    ledger: Ledger, *, run: int | None, lines: ResumeHints, troubles: Sequence[FntError]
) -> FntError | None:
    """Sum up the books of a run; None when all is well.

    `troubles` kept some from being done. Permanent failures take precedence over temporary ones.
    """
    counts = ledger.counts(run=run)
    total = sum(counts.values())
    left = sum(counts.get(status, 0) for status in OPEN)
    bad = sum(counts.get(status, 0) for status in FAILED)
    if bad:
        return _failure(ledger, run=run, lines=lines, bad=bad, total=total)
    if not left:
        return None
    lasting = [error for error in troubles if not error.retryable]
    if lasting and left < total:
        words = f"{plural(len(lasting), 'result')} could not be saved: {lasting[0].message}"
        return PartialError(words, hint=lines.again)
    if lasting:
        return lasting[0]
    said = f": {troubles[0].message}" if troubles else ""
    return TemporaryError(
        f"{plural(left, 'book')} of {total} left{said}",
        hint=f"run the same command again: {lines.again}",
        code=troubles[0].code if troubles else None,
    )


def _failure(
    ledger: Ledger, *, run: int | None, lines: ResumeHints, bad: int, total: int
) -> FntError:
    hint = f"retry them with: {lines.retry}"
    if bad < total:
        return PartialError(f"{bad} of {total} books failed", hint=hint)
    hint = f"retry with: {lines.retry}"
    words = f"all {total} books failed" if total > 1 else "the book failed"
    if ledger.counts(run=run).get(BookStatus.REFUSED) != total:
        return AllFailedError(words, hint=hint)
    codes = {book.error_code for book in ledger.books(run=run, statuses=[BookStatus.REFUSED])}
    kind = NotFoundError if ExitCode.NOT_FOUND.name in codes else RefusedInputError
    return kind(words, hint=hint, code=codes.pop() if len(codes) == 1 else None)


def error_text(book: Book) -> str:
    """Write what went wrong with a book."""
    code = f" [{book.error_code}]" if book.error_code else ""
    return f"{book.error_message or ''}{code}"


def batch_answer(ledger: Ledger, *, run: int | None = None) -> dict[str, object]:
    """Return what scripts read of a ledger as a whole."""
    counts = ledger.counts(run=run)
    return {
        "ledger": str(ledger.path),
        "server": ledger.meta("server"),
        "user": ledger.meta("user"),
        "counts": {status.value: number for status, number in counts.items()},
    }
