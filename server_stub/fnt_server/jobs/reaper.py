"""Heals what was lost: expired leases, unheard bells, uploads that never came, orphaned files."""

from __future__ import annotations

import logging
import random
import re
import threading
from collections.abc import Callable

from sqlalchemy import select

from fnt_server.auth.sessions import forget_ended_logins
from fnt_server.db.connection import Database
from fnt_server.db.models import Job
from fnt_server.jobs import creation, leases, queries, state
from fnt_server.messaging.publisher import Publisher
from fnt_server.metrics import STEPS_LOST
from fnt_server.storage.object_store import Storage

log = logging.getLogger(__name__)

EVERY_S = 5.0
UNHEARD_AFTER_S = 3.0
"""A step ready for so long has lost its bell."""
ORPHANED_AFTER_S = 24 * 3600
CLOSE_WITHIN_S = 5.0
SWEEP_EVERY = 720
"""Passes between two looks for orphaned files: an hour."""


class Reaper:
    """A thread that passes every few seconds; each process may have one, they do not disturb."""

    def __init__(
        self,
        database: Database,
        publisher: Publisher,
        *,
        storage: Storage | None = None,
        also: Callable[[], None] = lambda: None,
    ) -> None:
        self._database = database
        self._publisher = publisher
        self._storage = storage
        self._also = also
        self._over = threading.Event()
        self._passes = 0
        self._thread = threading.Thread(target=self._run, name="reaper", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """End the thread, after the pass it is in."""
        self._over.set()
        self._thread.join(CLOSE_WITHIN_S)

    def _run(self) -> None:
        spread = random.Random()  # noqa: S311 -- no secret; a generator of its own disturbs nobody
        while not self._over.wait(EVERY_S * spread.uniform(0.8, 1.2)):
            try:
                self.run_once()
            except Exception as error:  # the next pass is the remedy
                log.warning("reaper: %s", type(error).__name__)

    def run_once(self) -> None:
        """Make one pass."""
        lost = leases.take_back(self._database)
        STEPS_LOST.inc(len(lost))
        for job in [*lost, *creation.abandon(self._database)]:
            self._publisher.publish(queries.snapshot(job).to_wire())
        # One bell more than steps: hearing it is a worker's proof of life.
        self._publisher.ring(1 + leases.count_ready(self._database, for_s=UNHEARD_AFTER_S))
        self._also()
        if self._storage is not None and self._passes % SWEEP_EVERY == 0:
            forget_ended_logins(self._database)
            sweep(self._database, self._storage)
        self._passes += 1


def sweep(
    database: Database, storage: Storage, *, older_than_s: float = ORPHANED_AFTER_S
) -> list[str]:
    """Delete the objects that no job needs, when they are old enough; returns their keys."""
    deleted = []
    for keys in storage.iter_keys("jobs/", older_than_s=older_than_s):
        orphans = _orphans(database, keys)
        storage.delete(orphans)
        deleted += orphans
    storage.delete_drafts(older_than_s=older_than_s)
    return deleted


def _orphans(database: Database, keys: list[str]) -> list[str]:
    """Return those of these keys that no job needs. Listed first, then looked for: none is new."""
    ids = {job_id for job_id in map(_job_of, keys) if job_id is not None}
    columns = (Job.id, Job.status, Job.file_key, Job.result_key)
    with database.read() as session:
        rows = session.execute(select(*columns).where(Job.id.in_(ids))).all()
    running = {row.id for row in rows if row.status in state.LIVE}
    needed = {key for row in rows for key in (row.file_key, row.result_key) if key}
    return [key for key in keys if key not in needed and _job_of(key) not in running]


def _job_of(key: str) -> int | None:
    number = re.fullmatch(r"jobs/([0-9]{1,18})/.*", key)
    return int(number[1]) if number else None
