"""One run: checks, uploads, watches, and saves the books of a ledger, and reports on them."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import chain

from fnt.api.client import ApiClient
from fnt.context import AppContext
from fnt.errors import DeadlineError, ExitCode, FntError
from fnt.flow.closing_messages import (
    count_left,
    tell_end,
    tell_failures,
    tell_how_to_resume,
    tell_unsaved,
    words_for_left,
)
from fnt.flow.inputs.upload_items import Preparer
from fnt.flow.ledger import FAILED, OPEN, Book, BookStatus
from fnt.flow.plan import Plan
from fnt.flow.record_endings import earlier_entry, entry_of, record_ending
from fnt.flow.results.pending_saves import PendingSaves
from fnt.flow.results.saver import Saver
from fnt.flow.run_display import RunDisplay
from fnt.flow.summary import LISTED_ERRORS, Failures, RunSummary
from fnt.flow.tally import Tally, batch_report
from fnt.flow.unsaved import discard_ended, record_accepted
from fnt.interrupts import interrupts_kept
from fnt.output.findings import warning_lines
from fnt.output.output_mode import OutputMode
from fnt.patience import Patience
from fnt.progress import (
    Accepted,
    ProgressState,
    Refused,
    Row,
    Update,
    UploadProgress,
)
from fnt.session import Session
from fnt.time_limit import OutOfTime

MAX_CONSECUTIVE_FAILURES = 8
"""If this many books in a row cannot reach the server, the rest are left for a later run."""
LOOKED_AT = (*OPEN, BookStatus.DONE, BookStatus.CHANGED)
"""Statuses a run processes; failed books are left to `batch retry`."""


class PipelineRun:
    """One run of a session over a ledger. Every update is recorded before it is shown."""

    def __init__(
        self,
        context: AppContext,
        session: Session,
        plan: Plan,
        *,
        api: ApiClient,
        preparer: Preparer | None = None,
    ) -> None:
        self._context = context
        self._session = session
        self._plan = plan
        self._ledger = plan.ledger
        self._preparer = preparer
        self._timed_out = threading.Event()
        self._display = RunDisplay(context, session, plan, server=context.server_shown)
        self._in_flight: dict[str, Book] = preparer.in_flight if preparer else {}
        self._saver = Saver(api, plan.output_plan, ledger=plan.ledger, in_flight=self._in_flight)
        self._pending_saves = PendingSaves(
            self._saver,
            row_of=self._row_of,
            patience=Patience(plan.give_up_s, clock=time.monotonic),
            clock=time.monotonic,
        )
        self._seen: set[int] = set()
        """Books already reported in this run."""
        self._consecutive_failures = 0
        self._failures = Failures()

    def upload(self) -> None:
        """Check and upload unfinished books; raises the error the run ends with, if any."""
        assert self._preparer is not None
        self._follow(self._uploads(self._preparer))

    def watch(self, job_ids: list[int]) -> None:
        """Watch jobs without local files; raises the error the run ends with, if any."""
        assert self._plan.watch is not None
        self._in_flight.update((book.key, book) for book in self._ledger.books(run=self._plan.run))
        self._follow(self._session.watch(job_ids, self._plan.watch))

    def _follow(self, updates: Iterator[Update]) -> None:
        try:
            self._consume(updates)
        except OutOfTime:  # without SIGALRM, the timer below stops the wait
            self._timed_out.set()
        except (KeyboardInterrupt, FntError):
            self._tell_failures()
            self._tell_how_to_go_on()
            raise
        finally:
            self._report()
        self._conclude()

    def _uploads(self, preparer: Preparer) -> Iterator[Update]:
        """Yield updates from the first checked book on; check all books first when failing fast."""
        statuses = LOOKED_AT if self._plan.run is not None else OPEN
        if self._plan.is_batch:
            counts = self._ledger.counts(run=self._plan.run)
            pending = sum(counts.get(status, 0) for status in OPEN)
            self._display.expect(pending)
        else:
            for book in self._ledger.books(run=self._plan.run, statuses=OPEN):
                yield UploadProgress(
                    key=book.key, title=book.filename, sent_bytes=0, size_bytes=_size_of(book)
                )
        items = preparer.items(
            self._ledger.books(run=self._plan.run, statuses=statuses), warn=self._display.warn
        )
        if self._plan.fail_fast:
            items = iter(sorted(items, key=lambda one: not isinstance(one, Refused)))
        for first in items:
            if isinstance(first, Refused):  # no connection is opened if all files are refused
                yield first
            else:
                yield from self._session.upload(
                    chain([first], items),
                    parallel=self._plan.parallel,
                    watch=self._plan.watch,
                    give_up_s=self._plan.give_up_s,
                )

    def _consume(self, updates: Iterator[Update]) -> None:
        with interrupts_kept(), self._display.drawing(), self._limited():
            for update in updates:
                self._apply(update)
                if self._plan.fail_fast and any(row.is_failed for row in self._display.rows()):
                    self._session.close()
                    break
                self._show_saves(self._pending_saves.retry_due())
                self._display.look_at_keys()
            self._save_pending()

    @contextmanager
    def _limited(self) -> Iterator[None]:
        """Detach when the time is up."""
        if self._plan.timeout_s is None:
            yield
            return
        timer = threading.Timer(self._plan.timeout_s, self._time_out)
        timer.daemon = True
        timer.start()
        try:
            yield
        finally:
            timer.cancel()

    def _apply(self, update: Update) -> None:
        if isinstance(update, Accepted):
            self._accept(update)
        before = self._display.state
        self._display.show(update)
        after = self._display.state
        if isinstance(update, Refused):
            self._note_refusal(update)
        if after.keys_by_job is not before.keys_by_job and self._plan.criteria.accepted:
            for job_id in after.keys_by_job.keys() - before.keys_by_job.keys():
                self._context.terminal.result(str(job_id))
        for key, row in _changed_rows(before, after):
            if _is_newly_done(before.rows.get(key), row):
                for line in warning_lines(row.job) if row.job is not None else ():
                    self._display.warn(row.title, line)
            if self._is_newly_completed(before.rows.get(key), row):
                self._save(key)
            self._settle(key)
        self._display.retire_rows()

    def _accept(self, update: Accepted) -> None:
        self._consecutive_failures = 0
        book = self._in_flight.get(update.key)
        if book is not None:
            self._ledger.running(book, update.job.id)
            record_accepted(self._plan, book, update)
        if update.is_skipped and book is not None:
            job = update.job
            words = f"skipped, already uploaded as job {job.id} ({job.status})"
            self._display.remark(book.path, words)

    def _note_refusal(self, refused: Refused) -> None:
        self._failures.note(refused)
        if refused.exit_code is not ExitCode.TEMPORARY:
            return
        self._consecutive_failures += 1
        if self._preparer and self._consecutive_failures >= MAX_CONSECUTIVE_FAILURES:
            self._preparer.stop()

    def _is_newly_completed(self, before: Row | None, row: Row) -> bool:
        is_wanted = bool(self._plan.output_plan.formats) and self._plan.watch is not None
        return is_wanted and not row.is_failed and _is_newly_done(before, row)

    def _save(self, key: str) -> None:
        for update in self._saver.save(self._row_of(key)):
            self._display.show(update)
        self._tell_saved(key)

    def _tell_saved(self, key: str) -> None:
        if key not in self._saver.pending:
            self._display.tell_saved(key)

    def _save_pending(self) -> None:
        """Retry saving until it works or the time is up; only once when failing fast."""
        if not self._saver.pending:
            return

        def wait(seconds: float) -> bool:
            is_over = self._plan.fail_fast or self._display.has_detached
            return is_over or self._timed_out.wait(seconds)

        self._show_saves(self._pending_saves.finish(wait=wait))

    def _show_saves(self, updates: Iterator[Update]) -> None:
        """Show saves that were tried again, and settle their books."""
        waiting = list(self._saver.pending)
        for update in updates:
            self._display.show(update)
        for key in waiting:
            self._tell_saved(key)
            self._settle(key)

    def _settle(self, key: str) -> None:
        """Record how a book ended, if it has."""
        row = self._row_of(key)
        book = self._in_flight.get(key)
        if book is None or not self._plan.criteria.is_reached(row):
            return
        del self._in_flight[key]
        record_ending(self._ledger, book, row)
        discard_ended(self._plan, book, row)
        self._display.settled(key)
        self._add_entry(row, book)

    def _add_entry(self, row: Row, book: Book) -> None:
        self._seen.add(book.id)
        self._context.report.add(entry_of(row, book))

    def _report(self) -> None:
        """Report books still in progress and those that ended before this run."""
        report = self._context.report
        for row in self._display.rows():
            if (book := self._in_flight.get(row.key)) is not None:
                self._add_entry(row, book)
        statuses = () if report.records else FAILED
        for book in self._ledger.books(run=self._plan.run, statuses=statuses):
            if book.id not in self._seen:
                report.add(earlier_entry(book))
        report.jobs.sort(key=lambda entry: entry.number)
        if self._plan.watch is not None:
            report.counts = Tally.of_ledger(self._ledger, run=self._plan.run).to_json()
        if self._plan.is_batch:
            report.answer["batch"] = batch_report(self._ledger, run=self._plan.run)

    def _time_out(self) -> None:
        self._timed_out.set()
        self._session.detach()

    def _conclude(self) -> None:
        plan, terminal = self._plan, self._context.terminal
        is_live, elapsed_s = self._display.is_live, self._display.elapsed_s
        if self._timed_out.is_set() and count_left(plan):
            self._tell_failures()
            self._tell_how_to_go_on()
            raise DeadlineError(f"timed out: {words_for_left(plan)}")
        if not self._display.has_detached:
            tell_end(terminal, plan, elapsed_s=elapsed_s, styled=is_live)
        self._tell_failures()
        if not plan.is_batch and (self._display.has_detached or plan.fail_fast):
            self._tell_how_to_resume()
        self._failures.unsaved = self._saver.errors
        summary = RunSummary(plan, self._failures)
        if error := summary.error(is_detached=self._display.has_detached):
            error.is_told = is_live and isinstance(error, LISTED_ERRORS)
            if error.is_told and error.hint and error.hint not in self._failures.hints.values():
                terminal.say_error(f"  {error.hint}")
            raise error

    def _tell_failures(self) -> None:
        """List what failed, unless that was just told: of one job, or because only that is."""
        is_live = self._display.is_live
        is_log = self._context.options.format in (OutputMode.HUMAN, OutputMode.PLAIN)
        if is_live or self._plan.is_batch or (is_log and self._display.state.count > 1):
            tell_failures(
                self._context.terminal,
                self._plan,
                hints=self._failures.hints,
                titles={row.key: row.title for row in self._display.rows()},
                styled=is_live,
            )

    def _tell_how_to_resume(self) -> None:
        terminal = self._context.terminal
        width = terminal.console.width if self._display.is_live else None
        tell_how_to_resume(terminal, self._plan, width=width)

    def _tell_how_to_go_on(self) -> None:
        self._tell_how_to_resume()
        tell_unsaved(self._context.terminal, self._plan)

    def _row_of(self, key: str) -> Row:
        return self._display.state.rows[key]


def _is_newly_done(before: Row | None, row: Row) -> bool:
    return row.is_done and not (before is not None and before.is_done)


def _changed_rows(before: ProgressState, after: ProgressState) -> list[tuple[str, Row]]:
    """Return the rows that changed."""
    return [(key, row) for key, row in after.rows.items() if row is not before.rows.get(key)]


def _size_of(book: Book) -> int:
    try:
        return book.file.stat().st_size
    except OSError:  # reported when the file is checked
        return 0
