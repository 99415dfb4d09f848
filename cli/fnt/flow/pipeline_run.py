"""Following jobs: updates are folded, drawn and, when a job completes, its result is saved."""

from __future__ import annotations

import math
import shlex
import threading
import time
from collections.abc import Iterable
from contextlib import ExitStack

from fnt.context import AppContext
from fnt.errors import DeadlineError, FntError
from fnt.flow.live_view_keys import LiveViewKeys
from fnt.flow.plan import Plan
from fnt.flow.resume import given_settings
from fnt.flow.summary import entries_of, error_of
from fnt.output.factory import pick_renderer
from fnt.output.formatting import plural
from fnt.output.keyboard import can_read_keys, reading_keys
from fnt.output.renderer import Ticker
from fnt.progress import Accepted, ProgressState, Row, Update, reduce
from fnt.session import Session
from fnt.timeout import OutOfTime

TICK_S = 0.125
SAVE_AGAIN_S = 1.0


class Follower:
    """One run of a session, shown and summed up."""

    def __init__(self, context: AppContext, session: Session, plan: Plan, *, server: str) -> None:
        self._context = context
        self._session = session
        self._plan = plan
        self._timed_out = threading.Event()
        self.state = ProgressState(server=server)
        self._renderer = pick_renderer(
            context.terminal,
            context.report,
            criteria=plan.criteria,
            clock=context.clock,
            now=context.now,
            progress=context.options.progress,
        )
        self._keys = LiveViewKeys(session=session, renderer=self._renderer, rows=self._rows)

    def follow(self, updates: Iterable[Update]) -> None:
        """Take all updates; raises how the run ended unless all is well."""
        try:
            self._consume(updates)
        except OutOfTime:  # where there is no alarm the timer below ends the waiting
            self._timed_out.set()
        except (KeyboardInterrupt, FntError):
            self._tell_how_to_resume()
            self._tell_unsaved()
            raise
        finally:
            self._report()
        self._conclude()

    def _report(self) -> None:
        """Tell scripts of every row."""
        self._context.report.jobs += entries_of(self.state, files=self._plan.files)

    def _consume(self, updates: Iterable[Update]) -> None:
        with ExitStack() as stack:
            stack.enter_context(self._renderer)
            stack.enter_context(Ticker(self._renderer.tick, every_s=TICK_S))
            stdin = self._context.terminal.stdin
            has_keys = self._plan.has_keys and self._renderer.has_keys and can_read_keys(stdin)
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
        before, now = self.state, self._context.clock()
        self.state = reduce(before, update, now=now)
        self._renderer.render(self.state)
        if isinstance(update, Accepted) and update.is_skipped:
            self._tell_skipped(update)
        if self.state.keys_by_job is not before.keys_by_job and self._plan.criteria.accepted:
            for job_id in self.state.keys_by_job.keys() - before.keys_by_job.keys():
                self._context.terminal.result(str(job_id))
        for row in self._newly_completed(before):
            self._save(row)

    def _tell_skipped(self, found: Accepted) -> None:
        name, job = self._plan.files.get(found.key, found.key), found.job
        self._context.terminal.say(
            f"{name} skipped: already uploaded as job {job.id} ({job.status})"
        )

    def _newly_completed(self, before: ProgressState) -> list[Row]:
        if self._plan.saver is None:
            return []
        return [
            row
            for key, row in self.state.rows.items()
            if row is not before.rows.get(key)
            and row.is_done
            and not row.is_failed
            and not (key in before.rows and before.rows[key].is_done)
        ]

    def _save(self, row: Row) -> None:
        assert self._plan.saver is not None
        for saved in self._plan.saver.save(row):
            self.state = reduce(self.state, saved, now=self._context.clock())
            self._renderer.render(self.state)
        done = self.state.rows[row.key]
        if not (self._renderer.shows_results and self._context.terminal.out_is_terminal):
            for path in done.saved:
                self._context.terminal.result(str(path))

    def _save_pending(self) -> None:
        """Try again until the server is back or was away for too long; once when failing fast."""
        saver = self._plan.saver
        if saver is None:
            return
        give_up_s = 0.0 if self._plan.fail_fast else self._plan.give_up_s or math.inf
        away_since = time.monotonic()
        while saver.pending and not self._keys.has_detached:
            if time.monotonic() - away_since >= give_up_s or self._timed_out.wait(SAVE_AGAIN_S):
                break
            for row, _ in list(saver.pending.values()):
                self._save(row)
                if row.key in saver.pending:
                    break
                away_since = time.monotonic()
        for failed in saver.give_up():
            self.state = reduce(self.state, failed, now=self._context.clock())
            self._renderer.render(self.state)

    def _time_out(self) -> None:
        self._timed_out.set()
        self._session.detach()

    def _conclude(self) -> None:
        unseen = self._plan.files.keys() - self.state.rows.keys()
        still_running = len(self._open_rows()) + len(self._unheard_jobs()) + len(unseen)
        if self._timed_out.is_set() and still_running:
            self._tell_how_to_resume()
            self._tell_unsaved()
            raise DeadlineError(f"timed out: {still_running} jobs still running")
        if self._keys.has_detached or self._plan.fail_fast:
            self._tell_how_to_resume()
        saver = self._plan.saver
        error = error_of(
            self.state,
            save_errors=saver.errors if saver else (),
            unsaved=tuple(saver.pending) if saver else (),
        )
        if error is not None:
            raise error

    def _tell_how_to_resume(self) -> None:
        """Say which jobs keep running, and the line that follows them again."""
        ids = [row.job.id for row in self._open_rows() if row.job is not None]
        if ids := sorted([*ids, *self._unheard_jobs()]):
            words = ["fnt", "watch", *map(str, ids), *self._plan.resume_words]
            line = shlex.join(words + given_settings(self._context))
            noun = "1 job still running" if len(ids) == 1 else f"{len(ids)} jobs still running"
            self._context.terminal.say(f"{noun}; resume with: {line}")

    def _tell_unsaved(self) -> None:
        """Say which results wait on the server, and the line that fetches them."""
        if self._plan.saver is not None and (ids := self._plan.saver.pending_ids()):
            line = shlex.join(["fnt", "download", *map(str, ids)])
            self._context.terminal.say(f"{plural(len(ids), 'result')} not saved; run: {line}")

    def _unheard_jobs(self) -> list[int]:
        """Return the jobs of which nothing was heard before the run ended."""
        return [
            job_id
            for job_id in self._plan.jobs
            if job_id not in self.state.keys_by_job and f"job:{job_id}" not in self.state.rows
        ]

    def _rows(self) -> list[Row]:
        return list(self.state.rows.values())

    def _open_rows(self) -> list[Row]:
        return [row for row in self._rows() if not self._plan.criteria.is_reached(row)]
