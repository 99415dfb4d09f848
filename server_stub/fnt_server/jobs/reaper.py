"""Reclaims expired leases, repeats lost wakeups, and fails jobs that never got a file."""

from __future__ import annotations

import logging
import random
import threading
import time
from collections.abc import Callable

from fnt_server.db.connection import Database
from fnt_server.failure_reasons import reason
from fnt_server.jobs import creation, leases, queries
from fnt_server.messaging.event_bus import Publisher
from fnt_server.metrics import REAPER_PASSES, STEPS_LOST

log = logging.getLogger(__name__)

EVERY_S = 5.0
WAKEUP_LOST_AFTER_S = 3.0
"""A step that has been ready this long is assumed to have lost its wakeup."""
WELL_WITHIN_S = 20.0
"""A reaper without a successful pass for this long is not well: passes fail, or one hangs."""
CLOSE_WITHIN_S = 5.0


class Reaper:
    """A thread that runs every few seconds; any number of processes may run one."""

    def __init__(
        self,
        database: Database,
        publisher: Publisher,
        *,
        after_pass: Callable[[], None] = lambda: None,
    ) -> None:
        self._database = database
        self._publisher = publisher
        self._after_pass = after_pass
        self._succeeded_at = time.monotonic()
        self._closed = threading.Event()
        self._thread = threading.Thread(target=self._run, name="reaper", daemon=True)

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def is_well(self) -> bool:
        """Return whether a pass succeeded not long ago."""
        return time.monotonic() - self._succeeded_at < WELL_WITHIN_S

    def close(self) -> None:
        """Stop after the current pass."""
        self._closed.set()
        if self._thread.is_alive():
            self._thread.join(CLOSE_WITHIN_S)

    def _run(self) -> None:
        spread = random.Random()  # noqa: S311 -- not for secrets; leaves the global generator alone
        while not self._closed.wait(EVERY_S * spread.uniform(0.8, 1.2)):
            try:
                self.run_once()
                self._succeeded_at = time.monotonic()
                REAPER_PASSES.labels("done").inc()
            except Exception as error:  # the next pass tries again
                REAPER_PASSES.labels("failed").inc()
                log.warning("reaper pass failed: %s", reason(error))

    def run_once(self) -> None:
        """Run one pass."""
        try:
            lost = leases.reclaim_expired(self._database)
            STEPS_LOST.inc(len(lost))
            for job in [*lost, *creation.fail_abandoned(self._database)]:
                self._publisher.publish(queries.snapshot(job).to_wire())
        finally:
            # One extra wakeup, which idle workers answer with a heartbeat.
            self._publisher.notify_workers(
                1 + leases.count_ready(self._database, for_s=WAKEUP_LOST_AFTER_S)
            )
        self._after_pass()
