"""How a run as a whole ended: the books counted, one error or none."""

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

REFUSALS: Mapping[ExitCode, type[FntError]] = {
    ExitCode.NOT_FOUND: NotFoundError,
    ExitCode.REFUSED: RefusedInputError,
    ExitCode.QUOTA: QuotaError,
    ExitCode.PROTOCOL: ProtocolError,
}
"""What a run of refused inputs alone ends with: the first that occurs."""
MAX_IDS = 20
"""Jobs that a hint names one by one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """Books by how they stand. Every book counts once."""

    completed: int = 0
    failed: int = 0
    cancelled: int = 0
    refused: int = 0
    unsaved: int = 0
    """Completed, and the result is not on disk."""
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
        """Whether no book has become a job that ended."""
        return self.refused + self.left == self.total

    def to_json(self) -> dict[str, int]:
        """Return what scripts read: what there is at least one of."""
        return {name: number for name, number in asdict(self).items() if number}

    def bad_words(self, noun: str) -> str:
        """Write what did not end well: `2 of 9 jobs failed, 1 refused`."""
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
    """What a run has seen go wrong, beside what its ledger holds."""

    refused: dict[ExitCode, Refused] = field(default_factory=dict)
    """The first refusal of each kind."""
    unsaved: Sequence[FntError] = ()

    def note(self, refused: Refused) -> None:
        """Keep the first of each kind."""
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
    """Sum up the books of a run; None when all is well, as what is left is after detaching.

    Failures that last take precedence over what the same line may yet do.
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
        said = f": {lasting[0].message}" if lasting and not failed else ""
        hint = _next_step(ledger, tally, run=run, lasting=bool(lasting), hints=hints)
        return PartialError(f"{tally.bad_words(noun)}{said}", hint=hint)
    if lasting:
        return lasting[0]
    if tally.unsaved:
        hint = _download_line(ledger, run=run) if not tally.left else _again(hints)
        return TemporaryError(tally.bad_words("result"), hint=hint, code="NOT_SAVED")
    return _left(tally, failures=failures, hints=hints, noun=noun)


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
    """Return the line that fetches what is not saved."""
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
    said = f": {first.message}" if first else ""
    return TemporaryError(
        f"{plural(tally.left, noun)} of {tally.total} left{said}",
        hint=_again(hints),
        code=code,
        request_id=request_id,
    )


def _again(hints: ResumeHints) -> str:
    return f"run the same command again: {hints.again}"
