"""One run: checks, uploads, watches, and saves the books of a ledger, and reports on them."""

from __future__ import annotations

import shlex
import threading
from collections import deque
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from itertools import chain

from fnt.api.client import ApiClient
from fnt.context import AppContext
from fnt.errors import DeadlineError, ExitCode, FntError
from fnt.flow.inputs.upload_items import Preparer
from fnt.flow.ledger import FAILED, OPEN, Book, BookStatus
from fnt.flow.live_view_keys import LiveViewKeys
from fnt.flow.plan import Plan
from fnt.flow.record_endings import earlier_entry, entry_of, record_ending
from fnt.flow.results.save_retries import retry_saves
from fnt.flow.results.saver import Saver
from fnt.flow.resume import given_settings
from fnt.flow.summary import Failures, Tally, batch_answer, download_line, error_of, error_text
from fnt.output.factory import pick_renderer
from fnt.output.formatting import plural
from fnt.output.keyboard import can_read_keys, reading_keys
from fnt.output.renderer import Ticker
from fnt.progress import (
    Accepted,
    ProgressState,
    Refused,
    Row,
    RowsRetired,
    Update,
    UploadProgress,
    reduce,
)
from fnt.session import Session, UploadItem
from fnt.time_limit import OutOfTime

TICK_S = 0.125
ROW_LIFETIME_S = 3.0
"""How long a batch keeps an ended row: more than the longest redraw interval."""
MAX_CONSECUTIVE_FAILURES = 8
"""If this many books in a row cannot reach the server, the rest are left for a later run."""
MAX_LISTED_FAILURES = 20
"""Maximum number of failures listed at the end of a batch."""
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
        self.state = ProgressState(server=api.server.partition("://")[2])
        self._renderer = pick_renderer(
            context.terminal,
            context.report,
            criteria=plan.criteria,
            clock=context.clock,
            now=context.now,
            progress=context.options.progress,
        )
        self._keys = LiveViewKeys(session=session, renderer=self._renderer, rows=self._rows)
        self._in_flight: dict[str, Book] = preparer.in_flight if preparer else {}
        self._saver = Saver(api, plan.output_plan, ledger=plan.ledger, in_flight=self._in_flight)
        self._ended: deque[tuple[float, str]] = deque()
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
            self._tell_how_to_resume()
            self._tell_unsaved()
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
            self.state = replace(self.state, pending=pending)
        else:
            for book in self._ledger.books(run=self._plan.run, statuses=OPEN):
                yield UploadProgress(
                    key=book.key, title=book.filename, sent_bytes=0, size_bytes=_size_of(book)
                )
        items = preparer.items(self._ledger.books(run=self._plan.run, statuses=statuses))
        if self._plan.fail_fast:
            items = iter(sorted(items, key=lambda one: not isinstance(one, Refused)))
        for first in items:
            if isinstance(first, Refused):  # no connection is opened if all files are refused
                yield first
            else:
                yield from self._sent(chain([first], items))

    def _sent(self, items: Iterator[UploadItem | Refused]) -> Iterator[Update]:
        parallel, options = self._plan.parallel, self._plan.watch
        if options is None:
            return self._session.upload(items, parallel=parallel)
        return self._session.upload_and_watch(items, parallel=parallel, options=options)

    def _consume(self, updates: Iterator[Update]) -> None:
        with ExitStack() as stack:
            stack.enter_context(self._renderer)
            stack.enter_context(Ticker(self._renderer.tick, every_s=TICK_S))
            stdin = self._context.terminal.stdin
            has_keys = not self._plan.is_batch and self._renderer.has_keys and can_read_keys(stdin)
            if has_keys:
                stack.enter_context(reading_keys(stdin, self._keys.press))
                self._keys.show_hint()
            if self._plan.timeout_s is not None:
                timer = threading.Timer(self._plan.timeout_s, self._time_out)
                timer.daemon = True
                timer.start()
                stack.callback(timer.cancel)
            for update in updates:
                self._apply(update)
                if self._plan.fail_fast and any(row.is_failed for row in self._rows()):
                    self._session.close()
                    break
                if has_keys:
                    self._keys.look_again()
            self._save_pending()

    def _apply(self, update: Update) -> None:
        if isinstance(update, Accepted):
            self._accept(update)
        before = self.state
        self._show(update)
        if isinstance(update, Refused):
            self._note_refusal(update)
        if self.state.keys_by_job is not before.keys_by_job and self._plan.criteria.accepted:
            for job_id in self.state.keys_by_job.keys() - before.keys_by_job.keys():
                self._context.terminal.result(str(job_id))
        for key, row in _changed_rows(before, self.state):
            if self._is_newly_completed(before.rows.get(key), row):
                self._save(key)
            self._settle(key)
        if self._plan.is_batch:
            self._retire_rows()

    def _show(self, update: Update) -> None:
        self.state = reduce(self.state, update, now=self._context.clock())
        self._renderer.render(self.state)

    def _accept(self, update: Accepted) -> None:
        self._consecutive_failures = 0
        book = self._in_flight.get(update.key)
        if book is not None:
            self._ledger.running(book, update.job.id)
        if update.is_skipped and book is not None:
            job = update.job
            self._context.terminal.say(
                f"{book.path} skipped: already uploaded as job {job.id} ({job.status})"
            )

    def _note_refusal(self, refused: Refused) -> None:
        self._failures.note(refused)
        if refused.exit_code is not ExitCode.TEMPORARY:
            return
        self._consecutive_failures += 1
        if self._preparer and self._consecutive_failures >= MAX_CONSECUTIVE_FAILURES:
            self._preparer.stop()

    def _is_newly_completed(self, before: Row | None, row: Row) -> bool:
        was_done = before is not None and before.is_done
        is_wanted = bool(self._plan.output_plan.formats) and self._plan.watch is not None
        return is_wanted and row.is_done and not row.is_failed and not was_done

    def _save(self, key: str) -> None:
        for update in self._saver.save(self.state.rows[key]):
            self._show(update)
        self._tell_saved(key)

    def _tell_saved(self, key: str) -> None:
        if self._renderer.shows_results and self._context.terminal.out_is_terminal:
            return
        if key not in self._saver.pending:
            for path in self.state.rows[key].saved:
                self._context.terminal.result(str(path))

    def _save_pending(self) -> None:
        """Retry saving until it works or the time is up; only once when failing fast."""
        if not self._saver.pending:
            return
        watch = self._plan.watch

        def wait(seconds: float) -> bool:
            is_over = self._plan.fail_fast or self._keys.has_detached
            return is_over or self._timed_out.wait(seconds)

        updates = retry_saves(
            self._saver,
            row_of=lambda key: self.state.rows[key],
            give_up_s=watch.give_up_s if watch else 0.0,
            wait=wait,
        )
        waiting = list(self._saver.pending)
        for update in updates:
            self._show(update)
        for key in waiting:
            self._tell_saved(key)
            self._settle(key)

    def _settle(self, key: str) -> None:
        """Record how a book ended, if it has."""
        row = self.state.rows[key]
        book = self._in_flight.get(key)
        if book is None or not self._plan.criteria.is_reached(row):
            return
        del self._in_flight[key]
        record_ending(self._ledger, book, row)
        self._ended.append((self._context.clock(), key))
        self._add_entry(row, book)

    def _retire_rows(self) -> None:
        """Retire rows that ended some time ago."""
        now, keys = self._context.clock(), list[str]()
        while self._ended and now - self._ended[0][0] >= ROW_LIFETIME_S:
            keys.append(self._ended.popleft()[1])
        if keys:
            self._show(RowsRetired(keys=tuple(keys)))

    def _add_entry(self, row: Row, book: Book) -> None:
        self._seen.add(book.id)
        self._context.report.add(entry_of(row, book))

    def _report(self) -> None:
        """Report books still in progress and those that ended before this run."""
        report = self._context.report
        for row in self._rows():
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
            report.answer["batch"] = batch_answer(self._ledger, run=self._plan.run)

    def _time_out(self) -> None:
        self._timed_out.set()
        self._session.detach()

    def _conclude(self) -> None:
        left = self._count_left()
        if self._timed_out.is_set() and left:
            self._tell_how_to_resume()
            self._tell_unsaved()
            words = (
                f"{plural(left, 'book')} left"
                if self._plan.is_batch
                else f"{left} jobs still running"
            )
            raise DeadlineError(f"timed out: {words}")
        if self._plan.is_batch:
            self._tell_failures()
        elif self._keys.has_detached or self._plan.fail_fast:
            self._tell_how_to_resume()
        self._failures.unsaved = self._saver.errors
        error = error_of(
            self._ledger,
            run=self._plan.run,
            failures=self._failures,
            hints=self._plan.hints,
            noun=self._plan.noun,
            is_detached=self._keys.has_detached,
        )
        if error is not None:
            raise error
        if self._plan.is_batch:
            self._context.terminal.say(
                Tally.of_ledger(self._ledger, run=self._plan.run).good_words()
            )

    def _count_left(self) -> int:
        counts = self._ledger.counts(run=self._plan.run)
        return sum(counts.get(status, 0) for status in OPEN)

    def _tell_failures(self) -> None:
        """List failures, including earlier ones, which may have been reported hours ago."""
        total = 0
        for book in self._ledger.books(run=self._plan.run, statuses=FAILED):
            total += 1
            if total <= MAX_LISTED_FAILURES:
                self._context.terminal.say_error(f"{book.path} {book.status}: {error_text(book)}")
        if total > MAX_LISTED_FAILURES:
            self._context.terminal.say("full list: fnt batch status")

    def _tell_how_to_resume(self) -> None:
        """Say what is still running, and how to resume."""
        say = self._context.terminal.say
        if self._plan.is_batch:
            if left := self._count_left():
                say(f"{plural(left, 'book')} left; resume with: {self._plan.hints.again}")
            return
        running = self._ledger.books(run=self._plan.run, statuses=[BookStatus.RUNNING])
        if ids := sorted(book.job_id for book in running if book.job_id is not None):
            words = ["fnt", "watch", *map(str, ids), *self._plan.hints.watch_options]
            line = shlex.join(words + given_settings(self._context))
            say(f"{plural(len(ids), 'job')} still running; resume with: {line}")

    def _tell_unsaved(self) -> None:
        """Say which results are not saved, and how to download them."""
        number = self._ledger.counts(run=self._plan.run).get(BookStatus.UNSAVED, 0)
        if number and not self._plan.is_batch:
            line = download_line(self._ledger, run=self._plan.run)
            self._context.terminal.say(f"{plural(number, 'result')} not saved; run: {line}")

    def _rows(self) -> list[Row]:
        return list(self.state.rows.values())


def _changed_rows(before: ProgressState, after: ProgressState) -> list[tuple[str, Row]]:
    """Return the rows that changed."""
    return [(key, row) for key, row in after.rows.items() if row is not before.rows.get(key)]


def _size_of(book: Book) -> int:
    try:
        return book.file.stat().st_size
    except OSError:  # reported when the file is checked
        return 0
