"""Hourly cleanup: expired jobs, orphaned files, leftovers of killed uploads, expired logins."""

from __future__ import annotations

import logging
import re
import threading
from typing import Any

from sqlalchemy import delete, or_, select

from fnt_server.auth import audit
from fnt_server.db.connection import Database, now
from fnt_server.db.models import AccessToken, DeviceLogin, Job, Login
from fnt_server.failure_reasons import reason
from fnt_server.jobs import retention, state
from fnt_server.storage.object_store import Storage

log = logging.getLogger(__name__)

EVERY_S = 3600.0
FIRST_RETRY_S = 30.0
ORPHANED_AFTER_S = 24 * 3600
"""How long a file that no job needs is kept."""
ENDED_LOGINS_KEPT_S = 7 * 86400
ENDED_DEVICE_LOGINS_KEPT_S = 3600
CLOSE_WITHIN_S = 5.0


class Janitor:
    """A separate thread, so that a hanging bucket does not delay the reaper."""

    def __init__(self, database: Database, storage: Storage, *, keep_days: int = 0) -> None:
        self._database = database
        self._storage = storage
        self._keep_days: int | None = keep_days
        self._closed = threading.Event()
        self._thread = threading.Thread(target=self._run, name="janitor", daemon=True)

    def start(self) -> None:
        """Start the thread; the first cleanup is immediate."""
        self._thread.start()

    def close(self) -> None:
        """Stop after the current cleanup, but do not wait long for it."""
        self._closed.set()
        if self._thread.is_alive():
            self._thread.join(CLOSE_WITHIN_S)

    def run_once(self) -> None:
        """Clean up once; raises what database and storage raise."""
        if self._keep_days is not None:
            retention.apply_setting(self._database, self._keep_days)
            self._keep_days = None  # applied: another process may have a newer setting by now
        delete_ended_logins(self._database)
        audit.delete_old(self._database)
        delete_expired_jobs(self._database, self._storage)
        sweep(self._database, self._storage)

    def _run(self) -> None:
        failures = 0
        while not self._closed.is_set():
            try:
                self.run_once()
                failures = 0
            except Exception as error:
                failures += 1
                log.warning("cleanup failed: %s", reason(error))
            self._closed.wait(next_run_in_s(failures))


def next_run_in_s(failures: int) -> float:
    """Return how long to wait after this many failures in a row: doubled each time, to an hour."""
    if not failures:
        return EVERY_S
    return float(min(EVERY_S, FIRST_RETRY_S * 2 ** min(failures - 1, 20)))


def delete_ended_logins(database: Database) -> None:
    """Delete logins, personal tokens and device logins that ended long enough ago."""
    long_ago: Any = now() - ENDED_LOGINS_KEPT_S
    with database.write() as session:
        session.execute(
            delete(Login).where(or_(Login.ends_at < long_ago, Login.revoked_at < long_ago))
        )
        session.execute(delete(AccessToken).where(AccessToken.ends_at < long_ago))
        session.execute(
            delete(DeviceLogin).where(DeviceLogin.ends_at < now() - ENDED_DEVICE_LOGINS_KEPT_S)
        )


def delete_expired_jobs(database: Database, storage: Storage) -> None:
    """Delete the jobs whose time is over: first the rows, then the objects, as a user does."""
    while ids := retention.delete_expired(database):
        log.info("%d expired jobs deleted, the first is %d", len(ids), ids[0])
        for job_id in ids:
            storage.delete_under(f"jobs/{job_id}/")


def sweep(
    database: Database, storage: Storage, *, older_than_s: float = ORPHANED_AFTER_S
) -> list[str]:
    """Delete objects that no job needs if they are old enough; returns their keys."""
    deleted = []
    for keys in storage.iter_keys("jobs/", older_than_s=older_than_s):
        orphans = _orphans(database, keys)
        storage.delete(orphans)
        deleted += orphans
    storage.delete_drafts(older_than_s=older_than_s)
    return deleted


def _orphans(database: Database, keys: list[str]) -> list[str]:
    """Return the keys that no job needs. They were listed before jobs are read: none is new."""
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
