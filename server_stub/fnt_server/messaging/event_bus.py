"""One thread that sends events and wakeups, so that nothing else waits for the broker."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from functools import partial
from typing import Any

from fnt_server.config import Config
from fnt_server.messaging.broker import emit_job, make_wakeup_sender, send_wakeup
from fnt_server.metrics import EVENTS_DROPPED, EVENTS_PUBLISHED

log = logging.getLogger(__name__)

MAX_WAITING = 10_000
"""Jobs whose newest snapshot may wait; the oldest is forgotten, the database has it."""
MAX_PENDING_WAKEUPS = 200


class Publisher:
    """Holds the newest snapshot of each job until it is told. What is lost, a join heals."""

    def __init__(
        self, *, emit: Callable[[int, dict[str, Any]], None], send_wakeup: Callable[[], None]
    ) -> None:
        self._emit = emit
        self._send_wakeup = send_wakeup
        self._snapshots: dict[int, dict[str, Any]] = {}
        self._wakeups = 0
        self._closed = False
        self._changed = threading.Condition()
        self._thread = threading.Thread(target=self._run, name="publisher", daemon=True)
        self._thread.start()

    def publish(self, job: dict[str, Any]) -> None:
        """Tell a job's room what the job looks like now. Never blocks."""
        with self._changed:
            waiting = self._snapshots.pop(job["id"], None)
            newest = job if waiting is None or waiting["version"] <= job["version"] else waiting
            self._snapshots[job["id"]] = newest
            if len(self._snapshots) > MAX_WAITING:
                self._snapshots.pop(next(iter(self._snapshots)))
                EVENTS_DROPPED.labels("overflow").inc()
            self._changed.notify()

    def notify_workers(self, times: int = 1) -> None:
        """Tell the workers that there are steps to take. Never blocks."""
        with self._changed:
            self._wakeups = min(self._wakeups + times, MAX_PENDING_WAKEUPS)
            self._changed.notify()

    def close(self, timeout_s: float = 1.0) -> None:
        """Stop, after what is waiting has been told or the time is up."""
        with self._changed:
            self._closed = True
            self._changed.notify()
        self._thread.join(timeout_s)

    def _run(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._snapshots or self._wakeups or self._closed)
                if not self._snapshots and not self._wakeups:
                    return
                wakeups, self._wakeups = self._wakeups, 0
                oldest = next(iter(self._snapshots), None)
                job = self._snapshots.pop(oldest) if oldest is not None else None
            # Wakeups between any two events: a bus that is away must not hold them up.
            for _ in range(wakeups):
                if not _attempt("wakeup", self._send_wakeup):
                    break
            if job is not None:
                self._tell(job)

    def _tell(self, job: dict[str, Any]) -> None:
        if _attempt("emit", partial(self._emit, job["id"], job)):
            EVENTS_PUBLISHED.inc()
        else:
            EVENTS_DROPPED.labels("bus").inc()


def make_publisher(config: Config, manager: Any) -> Publisher:
    """Return a publisher of events through a Socket.IO manager, and of wakeups to the broker."""
    sender = make_wakeup_sender(config)
    return Publisher(emit=partial(emit_job, manager), send_wakeup=partial(send_wakeup, sender))


def _attempt(what: str, action: Callable[[], None]) -> bool:
    try:
        action()
    except Exception as error:  # whatever the broker's client raises
        log.warning("%s failed: %s", what, type(error).__name__)
        return False
    return True
