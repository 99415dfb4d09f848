"""The event loop of a session, which turns messages into updates.

The caller's thread iterates; all blocking work runs in other threads and reports to the inbox.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from queue import Empty, SimpleQueue
from typing import Any

from fnt.patience import Patience
from fnt.progress import Accepted, LinkState, Refused, Update, UploadProgress
from fnt.session.background import BackgroundCalls
from fnt.session.reconnect_timing import ReconnectTiming
from fnt.session.uploads import Drained, Failed, UploadPool
from fnt.session.watch import Watch
from fnt.wire.jobs import JobSnapshot

BEAT_S = 1.0
STOPPED_S = 15.0
"""After a longer gap between two ticks this process was stopped, for example by Ctrl-Z."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Detach:
    """A request to stop watching; the jobs keep running."""


class Run:
    """Uploads, a watch, or both, sharing one inbox."""

    def __init__(
        self,
        *,
        inbox: SimpleQueue[Any],
        background: BackgroundCalls,
        pool: UploadPool | None,
        watch: Watch | None,
        patience: Patience,
        timing: ReconnectTiming,
        clock: Callable[[], float],
    ) -> None:
        self.inbox = inbox
        self._background = background
        self._pool = pool
        self._settled = 0
        self._expected: int | None = 0 if pool is None else None
        self._watch = watch
        self._patience = patience
        self._timing = timing
        self._clock = clock
        self._is_detached = False
        self._shown = LinkState()
        self._shown_at = self._ticked_at = clock()

    def updates(self) -> Iterator[Update]:
        """Yield updates until all work is done."""
        try:
            if self._pool is not None:
                self._pool.start()
            while not self._is_over():
                yield from self._ticked()
                for message in self._arrived():
                    yield from self._handle(message)
                    if self._is_detached:
                        return
        finally:
            self.close()

    def close(self) -> None:
        """Stop all local work; jobs the server has accepted keep running."""
        self._is_detached = True
        if self._pool is not None:
            self._pool.stop()
        if self._watch is not None:
            self._watch.close()
        self._background.stop()

    def _is_over(self) -> bool:
        is_idle = self._watch is None or self._watch.tracker.is_idle
        return self._is_detached or (self._settled == self._expected and is_idle)

    def _ticked(self) -> Iterator[LinkState]:
        """Do what is due; yield the connection if it changed, and at least once a second."""
        now = self._clock()
        gap_s, self._ticked_at = now - self._ticked_at, now
        if gap_s >= STOPPED_S:
            self._patience.slept(gap_s)
        link = LinkState()
        if self._watch is not None:
            if gap_s >= STOPPED_S:
                self._watch.link.slept(gap_s)
            self._watch.tick(now)
            link = self._watch.link.state(now)
        state = self._patience.shown(link)
        if state != self._shown or now - self._shown_at >= BEAT_S:
            self._shown, self._shown_at = state, now
            yield state

    def _arrived(self) -> Iterator[object]:
        """Yield messages from the inbox, with a short wait so that Ctrl-C is handled."""
        wake_at = math.inf if self._watch is None else self._watch.link.wake_at(self._clock())
        wait_s = max(0.0, min(self._timing.tick_s, wake_at - self._clock()))
        try:
            yield self.inbox.get(timeout=wait_s)
            for _ in range(self.inbox.qsize()):
                yield self.inbox.get_nowait()
        except Empty:
            return

    def _handle(self, message: object) -> Iterator[Update]:
        match message:
            case Failed(error=error):
                raise error
            case Detach():
                self._is_detached = True
            case UploadProgress():
                yield message
            case Drained(taken=taken):
                self._expected = taken
            case Refused() | Accepted():
                self._settled += 1
                yield message
                if isinstance(message, Accepted) and self._watch is not None:
                    yield from self._watch.follow(message)
                self._release_slot(message)
            case _ if self._watch is not None:
                for update in self._watch.handle(message, self._clock()):
                    yield update
                    self._release_slot(update)

    def _release_slot(self, update: Update) -> None:
        """Allow the pool to take another item when one has ended."""
        job = update.job if isinstance(update, Accepted) else update
        is_running = isinstance(job, JobSnapshot) and not job.status.is_terminal
        if self._pool is None or not self._pool.has_window or is_running:
            return
        self._pool.release_slot()
        if isinstance(job, JobSnapshot) and self._watch is not None:
            self._watch.tracker.remove(job.id)  # memory use must not grow with the number of items
