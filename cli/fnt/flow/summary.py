"""The outcome of a run: book counts, and an error or none."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field

from fnt.errors import (
    AllFailedError,
    ExitCode,
    FntError,
    NotFoundError,
    PartialError,
    ProtocolError,
    QuotaError,
    RefusedInputError,
    TemporaryError,
)
from fnt.flow.ledger import Book, BookStatus, Ledger
from fnt.flow.plan import ResumeHints
from fnt.output.formatting import plural
from fnt.progress import Refused
from fnt.wire.documents import BatchReport

REFUSALS: Mapping[ExitCode, type[FntError]] = {
    ExitCode.NOT_FOUND: NotFoundError,
    ExitCode.REFUSED: RefusedInputError,
    ExitCode.QUOTA: QuotaError,
    ExitCode.PROTOCOL: ProtocolError,
}
"""Exceptions for a run of only refused inputs; the first that applies is used."""
MAX_IDS = 20
"""Maximum number of jobs listed in a hint."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """Book counts by status. Each book counts once."""

    completed: int = 0
    failed: int = 0
    cancelled: int = 0
    refused: int = 0
    unsaved: int = 0
    """Completed, but the result is not saved."""
    left: int = 0
    """Not sent, or still running."""

    @classmethod
    def of_ledger(cls, ledger: Ledger, *, run: int | None) -> Tally:
        """Count the books of one run, or all."""
        counts = ledger.counts(run=run)

        def count(*statuses: BookStatus) -> int:
            return sum(counts.get(status, 0) for status in statuses)

        return cls(
            completed=count(BookStatus.DONE),
            failed=count(BookStatus.FAILED),
            cancelled=count(BookStatus.CANCELLED),
            refused=count(BookStatus.REFUSED, BookStatus.CHANGED),
            unsaved=count(BookStatus.UNSAVED),
            left=count(BookStatus.WAITING, BookStatus.SENDING, BookStatus.RUNNING),
        )

    @property
    def total(self) -> int:
        """Return the number of all books."""
        return sum(asdict(self).values())

    @property
    def is_without_jobs(self) -> bool:
        """Return whether no book has a job that ended."""
        return self.refused + self.left == self.total

    def to_json(self) -> dict[str, int]:
        """Return the nonzero counts as a JSON object."""
        return {name: number for name, number in asdict(self).items() if number}

    def good_words(self) -> str:
        """Say that all books are done: `9 books, all done`."""
        return f"{plural(self.total, 'book')}, all done"

    def bad_words(self, noun: str) -> str:
        """Format the unsuccessful counts: `2 of 9 jobs failed, 1 refused`."""
        names = {
            "failed": self.failed,
            "cancelled": self.cancelled,
            "refused": self.refused,
            "not saved": self.unsaved,
            "left": self.left,
        }
        first, *others = [(name, number) for name, number in names.items() if number]
        words = f"{first[1]} of {self.total} {noun}s {first[0]}"
        return ", ".join([words, *(f"{number} {name}" for name, number in others)])


@dataclass(slots=True, kw_only=True)
class Failures:
    """Failures of a run that are not in its ledger."""

    refused: dict[ExitCode, Refused] = field(default_factory=dict)
    """The first refusal for each exit code."""
    unsaved: Sequence[FntError] = ()

    def note(self, refused: Refused) -> None:
        """Keep a refusal if it is the first with its exit code."""
        self.refused.setdefault(refused.exit_code, refused)


def error_of(
    ledger: Ledger,
    *,
    run: int | None,
    failures: Failures,
    hints: ResumeHints,
    noun: str,
    is_detached: bool = False,
) -> FntError | None:
    """Return the error a run ends with; None on success, or if only detached jobs are left.

    Permanent failures take precedence over what running the command again may complete.
    """
    tally = Tally.of_ledger(ledger, run=run)
    if tally.completed + (tally.left if is_detached else 0) == tally.total:
        return None
    was_tried = not tally.left or ExitCode.TEMPORARY in failures.refused
    if tally.refused and tally.is_without_jobs and was_tried:
        return _nothing_taken(ledger, tally, run=run, failures=failures, hints=hints)
    failed = tally.failed + tally.cancelled + tally.refused
    if failed == tally.total:
        return _all_failed(ledger, tally, run=run, hints=hints, noun=noun)
    lasting = [error for error in failures.unsaved if not error.retryable]
    if failed or (lasting and tally.unsaved < tally.total):
        detail = f": {lasting[0].message}" if lasting and not failed else ""
        hint = _next_step(ledger, tally, run=run, lasting=bool(lasting), hints=hints)
        return PartialError(f"{tally.bad_words(noun)}{detail}", hint=hint)
    if lasting:
        return lasting[0]
    if tally.unsaved:
        hint = _download_line(ledger, run=run) if not tally.left else _again(hints)
        return TemporaryError(tally.bad_words("result"), hint=hint, code="NOT_SAVED")
    return _left(tally, failures=failures, hints=hints, noun=noun)


def error_text(book: Book) -> str:
    """Return the error message of a book."""
    code = f" [{book.error_code}]" if book.error_code else ""
    return f"{book.error_message or ''}{code}"


def batch_answer(ledger: Ledger, *, run: int | None = None) -> BatchReport:
    """Return the state of a ledger as written in the document."""
    return BatchReport(
        ledger=str(ledger.path),
        server=ledger.meta("server"),
        user=ledger.meta("user"),
        counts=ledger.counts(run=run),
    )


def _nothing_taken(
    ledger: Ledger, tally: Tally, *, run: int | None, failures: Failures, hints: ResumeHints
) -> FntError:
    books = list(ledger.books(run=run, statuses=[BookStatus.REFUSED, BookStatus.CHANGED]))
    codes = {book.error_code for book in books}
    kind = next((kind for kind in REFUSALS if kind in failures.refused), ExitCode.REFUSED)
    if ExitCode.NOT_FOUND.name in codes:
        kind = ExitCode.NOT_FOUND
    first = failures.refused.get(kind)
    message = first.message if first else books[0].error_message or "refused"
    if tally.total > 1:
        which = (
            f"all {tally.total}"
            if tally.refused == tally.total
            else f"{tally.refused} of {tally.total}"
        )
        message = f"{which} files were refused; the first: {message}"
    hint = first.hint if first else None
    return REFUSALS[kind](
        message,
        hint=hint or (f"retry with: {hints.retry}" if hints.retry else None),
        code=codes.pop() if len(codes) == 1 else first.code if first else None,
        request_id=first.request_id if first else None,
    )


def _all_failed(
    ledger: Ledger, tally: Tally, *, run: int | None, hints: ResumeHints, noun: str
) -> FntError:
    if tally.total == 1:
        words = f"the {noun} was cancelled" if tally.cancelled else f"the {noun} failed"
    elif tally.failed == tally.total:
        words = f"all {tally.total} {noun}s failed"
    else:
        words = f"all {tally.total} {noun}s failed or were cancelled"
        if tally.refused:
            words = tally.bad_words(noun)
    codes = {book.error_code for book in ledger.books(run=run)}
    hint = f"retry with: {hints.retry}" if hints.retry else None
    return AllFailedError(words, hint=hint, code=codes.pop() if len(codes) == 1 else None)


def _next_step(
    ledger: Ledger, tally: Tally, *, run: int | None, lasting: bool, hints: ResumeHints
) -> str | None:
    if tally.left or lasting:
        return _again(hints)
    if tally.unsaved:
        return _download_line(ledger, run=run)
    return f"retry them with: {hints.retry}" if hints.retry else None


def _download_line(ledger: Ledger, *, run: int | None) -> str:
    return f"run: {download_line(ledger, run=run)}"


def download_line(ledger: Ledger, *, run: int | None) -> str:
    """Return the command that downloads unsaved results."""
    books = ledger.books(run=run, statuses=[BookStatus.UNSAVED])
    ids = sorted(book.job_id for book in books if book.job_id is not None)
    more = " ..." if len(ids) > MAX_IDS else ""
    return f"fnt download {' '.join(map(str, ids[:MAX_IDS]))}{more}"


def _left(tally: Tally, *, failures: Failures, hints: ResumeHints, noun: str) -> FntError:
    first = failures.refused.get(ExitCode.TEMPORARY)
    code, request_id = (first.code, first.request_id) if first else (None, None)
    if first is not None and tally.total == 1:
        return TemporaryError(
            first.message, hint=first.hint or _again(hints), code=code, request_id=request_id
        )
    detail = f": {first.message}" if first else ""
    return TemporaryError(
        f"{plural(tally.left, noun)} of {tally.total} left{detail}",
        hint=_again(hints),
        code=code,
        request_id=request_id,
    )


def _again(hints: ResumeHints) -> str:
    return f"run the same command again: {hints.again}"
