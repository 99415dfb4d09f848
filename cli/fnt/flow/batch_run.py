"""Following a bulk import: what happens to each book is noted in the ledger, then shown."""

from __future__ import annotations

from collections import deque
from dataclasses import replace

from fnt.context import AppContext
from fnt.errors import DeadlineError, ExitCode, FntError, TemporaryError
from fnt.flow.batch_summary import ResumeHints, batch_answer, error_of_import, error_text
from fnt.flow.inputs.batch_items import FILE_CHANGED, Preparer
from fnt.flow.ledger import FAILED, OPEN, Book, BookStatus, Ledger
from fnt.flow.ledger.books import absolute
from fnt.flow.pipeline_run import Follower
from fnt.flow.plan import Plan
from fnt.flow.summary import entry_of
from fnt.output.formatting import plural
from fnt.output.report.document import JobEntry, problem_entry
from fnt.progress import Accepted, Refused, Row, RowsRetired, Update, reduce
from fnt.session import Session
from fnt.wire.errors import ErrorCode
from fnt.wire.job_status import JobStatus

ROW_LIFETIME_S = 3.0
"""How long a row stays after its end: a live view draws every second, at least."""
MAX_CONSECUTIVE_FAILURES = 8
"""After this many books in a row found no server, the others are left for a later run."""
MAX_LISTED_FAILURES = 20
"""Failures that are told at the end."""


class BatchFollower(Follower):
    """One run through a ledger. Rows that ended leave the state soon after."""

    def __init__(
        self,
        context: AppContext,
        session: Session,
        plan: Plan,
        *,
        server: str,
        ledger: Ledger,
        run: int | None,
        preparer: Preparer,
        lines: ResumeHints,
    ) -> None:
        super().__init__(context, session, plan, server=server)
        self._ledger = ledger
        self._run = run
        self._preparer = preparer
        self._hints = lines
        self._ended: deque[tuple[float, str]] = deque()
        self._failed_now: set[int] = set()
        self._consecutive_failures: list[Refused] = []
        """Books in a row for which there was no server."""
        self._first_failure: Refused | None = None
        counts = ledger.counts(run=run)
        self.state = replace(self.state, pending=sum(counts.get(status, 0) for status in OPEN))

    def _apply(self, update: Update) -> None:
        if isinstance(update, Accepted):
            self._consecutive_failures.clear()
            self._ledger.running(self._preparer.in_flight[update.key], update.job.id)
        before = self.state
        super()._apply(update)
        for key, row in self.state.rows.items():
            if row is not before.rows.get(key) and self._plan.criteria.is_reached(row):
                self._settle(row)
        self._clear()

    def _settle(self, row: Row) -> None:
        """Note how a book ended in this run."""
        book = self._preparer.in_flight.pop(row.key, None)
        if book is None:
            return
        self._ended.append((self._context.clock(), row.key))
        self._context.report.add(entry_of(row, file=book.path))
        if row.refused is not None:
            self._note_refusal(book, row.refused)
        elif row.save_error is not None:
            self._ledger.record_error(book, code="NOT_SAVED", message=row.save_error)
        elif row.is_failed and row.job is not None:
            is_cancelled = row.job.status is JobStatus.CANCELLED
            self._note_failure(
                book,
                BookStatus.CANCELLED if is_cancelled else BookStatus.FAILED,
                code=row.job.error_code or row.job.status.upper(),
                message=row.job.error_message or row.job.status.value,
            )
        else:
            outputs = {*book.outputs, *map(absolute, row.saved)}
            self._ledger.done(book, sorted(outputs))

    def _note_refusal(self, book: Book, refused: Refused) -> None:
        code = refused.code or refused.exit_code.name
        if refused.exit_code is ExitCode.TEMPORARY:
            self._ledger.record_error(book, code=code, message=refused.message)
            self._first_failure = self._first_failure or refused
            self._consecutive_failures.append(refused)
            if len(self._consecutive_failures) >= MAX_CONSECUTIVE_FAILURES:
                self._preparer.stop()
            return
        status = BookStatus.REFUSED
        if code == FILE_CHANGED:
            status = BookStatus.CHANGED
        elif code == ErrorCode.JOB_NOT_FOUND:
            status = BookStatus.FAILED
        self._note_failure(book, status, code=code, message=refused.message)

    def _note_failure(self, book: Book, status: BookStatus, *, code: str, message: str) -> None:
        self._ledger.record_error(book, code=code, message=message, status=status)
        self._failed_now.add(book.id)

    def _clear(self) -> None:
        """Take rows off that were shown for long enough."""
        now, keys = self._context.clock(), list[str]()
        while self._ended and now - self._ended[0][0] >= ROW_LIFETIME_S:
            keys.append(self._ended.popleft()[1])
        if keys:
            self.state = reduce(self.state, RowsRetired(keys=tuple(keys)), now=now)
            self._renderer.render(self.state)

    def _report(self) -> None:
        """Tell scripts of books that are under way, and of those that failed before this run."""
        report = self._context.report
        for row in self.state.rows.values():
            if (book := self._preparer.in_flight.get(row.key)) is not None:
                report.add(entry_of(row, file=book.path))
        for book in self._ledger.books(run=self._run, statuses=FAILED):
            if book.id not in self._failed_now:
                problem = problem_entry(book.error_code or "", book.error_message or "")
                report.add(JobEntry(file=book.path, error=problem))
        report.answer["batch"] = batch_answer(self._ledger, run=self._run)

    def _conclude(self) -> None:
        counts = self._ledger.counts(run=self._run)
        left = sum(counts.get(status, 0) for status in OPEN)
        if self._timed_out.is_set() and left:
            self._tell_how_to_resume()
            raise DeadlineError(f"timed out: {plural(left, 'book')} left")
        self._tell_failures()
        error = error_of_import(
            self._ledger, run=self._run, lines=self._hints, troubles=self._save_errors()
        )
        if error is not None:
            raise error
        self._context.terminal.say(f"{plural(sum(counts.values()), 'book')}, all done")

    def _save_errors(self) -> list[FntError]:
        """Return what kept books from being done that are not given up."""
        first = self._first_failure
        errors = list(self._plan.saver.errors) if self._plan.saver else []
        return errors + ([TemporaryError(first.message, code=first.code)] if first else [])

    def _tell_failures(self) -> None:
        """Say what failed, in this run or before: what was said may be hours ago."""
        total = 0
        for book in self._ledger.books(run=self._run, statuses=FAILED):
            total += 1
            if total <= MAX_LISTED_FAILURES:
                self._context.terminal.say_error(f"{book.path} {book.status}: {error_text(book)}")
        if total > MAX_LISTED_FAILURES:
            self._context.terminal.say("full list: fnt batch status")

    def _tell_how_to_resume(self) -> None:
        counts = self._ledger.counts(run=self._run)
        left = sum(counts.get(status, 0) for status in OPEN)
        if left:
            self._context.terminal.say(
                f"{plural(left, 'book')} left; resume with: {self._hints.again}"
            )
