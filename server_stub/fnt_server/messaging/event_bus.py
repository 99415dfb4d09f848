"""One thread that sends events and wakeups, so that nothing else waits for the broker."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from functools import partial
from typing import Any

from fnt_server.config import Config
from fnt_server.failure_reasons import reason
from fnt_server.messaging.broker import make_wakeup_sender, send_wakeup
from fnt_server.messaging.event_manager import emit_job
from fnt_server.metrics import EVENTS_DROPPED, EVENTS_PUBLISHED

log = logging.getLogger(__name__)

MAX_PENDING_SNAPSHOTS = 10_000
"""Jobs whose newest snapshot may be queued; the oldest is dropped, the database has it."""
MAX_PENDING_WAKEUPS = 200


class Publisher:
    """Queues the newest snapshot of each job. Clients recover lost ones when they join."""

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
        """Queue a job's snapshot for its room. Never blocks."""
        with self._changed:
            waiting = self._snapshots.pop(job["id"], None)
            newest = job if waiting is None or waiting["version"] <= job["version"] else waiting
            self._snapshots[job["id"]] = newest
            if len(self._snapshots) > MAX_PENDING_SNAPSHOTS:
                self._snapshots.pop(next(iter(self._snapshots)))
                EVENTS_DROPPED.labels("overflow").inc()
            self._changed.notify()

    def notify_workers(self, times: int = 1) -> None:
        """Queue wakeups for the workers. Never blocks."""
        with self._changed:
            self._wakeups = min(self._wakeups + times, MAX_PENDING_WAKEUPS)
            self._changed.notify()

    def close(self, timeout_s: float = 1.0) -> None:
        """Stop once the queue is empty or the time is up."""
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
            # Send wakeups between any two events: an unreachable bus must not delay them.
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
        log.warning("%s failed: %s", what, reason(error))
        return False
    return True
