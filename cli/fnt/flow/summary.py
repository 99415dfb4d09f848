"""The outcome of a run: an error or none, and what to do next."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

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
from fnt.flow.ledger import BookStatus
from fnt.flow.plan import Plan
from fnt.flow.tally import Tally
from fnt.output.formatting import plural
from fnt.progress import Refused
from fnt.wire.ranges import Ranges

REFUSALS: Mapping[ExitCode, type[FntError]] = {
    ExitCode.NOT_FOUND: NotFoundError,
    ExitCode.REFUSED: RefusedInputError,
    ExitCode.QUOTA: QuotaError,
    ExitCode.PROTOCOL: ProtocolError,
}
"""Exceptions for a run of only refused inputs; the first that applies is used."""
LISTED_ERRORS: tuple[type[FntError], ...] = (PartialError, AllFailedError, *REFUSALS.values())
"""Exceptions that add nothing to a list of all failed and refused books."""
MAX_NAMED = 20
"""Maximum number of jobs or ranges of jobs listed in a hint to download."""


@dataclass(slots=True, kw_only=True)
class Failures:
    """Failures of a run that are not in its ledger."""

    refused: dict[ExitCode, Refused] = field(default_factory=dict)
    """The first refusal for each exit code."""
    unsaved: Sequence[FntError] = ()
    hints: dict[str, str] = field(default_factory=dict)
    """What to do about refusals, by their codes."""

    def note(self, refused: Refused) -> None:
        """Keep a refusal if it is the first with its exit code."""
        self.refused.setdefault(refused.exit_code, refused)
        if refused.hint:
            self.hints.setdefault(refused.code or refused.exit_code.name, refused.hint)


class RunSummary:
    """What a run came to, and what to do next."""

    def __init__(self, plan: Plan, failures: Failures) -> None:
        self._plan = plan
        self._failures = failures
        self._tally = Tally.of_ledger(plan.ledger, run=plan.run)

    def error(self, *, is_detached: bool = False) -> FntError | None:
        """Return the error a run ends with; None on success, or if only detached jobs are left.

        Permanent failures take precedence over what running the command again may complete.
        """
        tally = self._tally
        if tally.completed + (tally.left if is_detached else 0) == tally.total:
            return None
        was_tried = not tally.left or ExitCode.TEMPORARY in self._failures.refused
        if tally.refused and tally.is_without_jobs and was_tried:
            return self._nothing_taken()
        failed = tally.failed + tally.cancelled + tally.refused
        if failed == tally.total:
            return self._all_failed()
        lasting = [error for error in self._failures.unsaved if not error.retryable]
        if failed or (lasting and tally.unsaved < tally.total):
            detail = f": {lasting[0].message}" if lasting and not failed else ""
            hint = self._next_step(has_more=bool(lasting or (tally.left and not is_detached)))
            return PartialError(f"{tally.bad_words(self._plan.noun)}{detail}", hint=hint)
        if lasting:
            return lasting[0]
        if tally.unsaved:
            hint = self._again() if tally.left else self._download()
            return TemporaryError(tally.bad_words("result"), hint=hint, code="NOT_SAVED")
        return self._left()

    def _nothing_taken(self) -> FntError:
        plan, tally, refused = self._plan, self._tally, self._failures.refused
        statuses = [BookStatus.REFUSED, BookStatus.CHANGED]
        books = list(plan.ledger.books(run=plan.run, statuses=statuses))
        codes = {book.error_code for book in books}
        kind = next((kind for kind in REFUSALS if kind in refused), ExitCode.REFUSED)
        if ExitCode.NOT_FOUND.name in codes:
            kind = ExitCode.NOT_FOUND
        first = refused.get(kind)
        message = first.message if first else books[0].error_message or "refused"
        if tally.total > 1:
            share = f"{tally.refused} of" if tally.left else "all"
            message = f"{share} {tally.total} files were refused; the first: {message}"
        return REFUSALS[kind](
            message,
            hint=(first.hint if first else None) or self._retry("retry with"),
            code=codes.pop() if len(codes) == 1 else first.code if first else None,
            request_id=first.request_id if first else None,
        )

    def _all_failed(self) -> FntError:
        plan, tally = self._plan, self._tally
        if tally.total == 1:
            words = f"the {plan.noun} {'was cancelled' if tally.cancelled else 'failed'}"
        elif tally.failed == tally.total:
            words = f"all {tally.total} {plan.noun}s failed"
        elif tally.refused:
            words = tally.bad_words(plan.noun)
        else:
            words = f"all {tally.total} {plan.noun}s failed or were cancelled"
        codes = {book.error_code for book in plan.ledger.books(run=plan.run)}
        code = codes.pop() if len(codes) == 1 else None
        return AllFailedError(words, hint=self._retry("retry with"), code=code)

    def _left(self) -> FntError:
        first = self._failures.refused.get(ExitCode.TEMPORARY)
        hint, message = self._again(), ""
        if first is not None and self._tally.total == 1:
            hint, message = first.hint or hint, first.message
        else:
            detail = f": {first.message}" if first else ""
            left = plural(self._tally.left, self._plan.noun)
            message = f"{left} of {self._tally.total} left{detail}"
        return TemporaryError(
            message,
            hint=hint,
            code=first.code if first else None,
            request_id=first.request_id if first else None,
        )

    def _next_step(self, *, has_more: bool) -> str | None:
        if has_more:
            return self._again()
        return self._download() if self._tally.unsaved else self._retry("retry them with")

    def _again(self) -> str:
        return f"run the same command again: {self._plan.hints.again}"

    def _retry(self, words: str) -> str | None:
        return f"{words}: {self._plan.hints.retry}" if self._plan.hints.retry else None

    def _download(self) -> str:
        return f"run: {download_line(self._plan)}"


def download_line(plan: Plan) -> str:
    """Return the command that downloads unsaved results to the same files."""
    jobs = _jobs(plan, BookStatus.UNSAVED)
    named = jobs if len(jobs) <= MAX_NAMED else ["--unsaved"]
    return shlex.join(["fnt", "download", *named, *plan.hints.options])


def watch_line(plan: Plan) -> str:
    """Return the command that watches the jobs of a run that are still running.

    It names all of them: `--all` would also save other jobs, and miss those ended meanwhile.
    """
    return shlex.join(["fnt", "watch", *_jobs(plan, BookStatus.RUNNING), *plan.hints.options])


def _jobs(plan: Plan, status: BookStatus) -> list[str]:
    """Return a run's jobs with a status as arguments; three or more in a row are a range."""
    books = plan.ledger.books(run=plan.run, statuses=[status])
    words = list[str]()
    ids = (book.job_id for book in books if book.job_id is not None)
    for first, last in Ranges.covering(ids).parts:
        numbers = range(first, (last or first) + 1)
        words += [f"{first}-{last}"] if len(numbers) > 2 else map(str, numbers)
    return words
