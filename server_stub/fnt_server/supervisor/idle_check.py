"""Detect when a personal server is no longer in use."""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Callable
from pathlib import Path

from sqlalchemy import func, select
from sqlalchemy.exc import SQLAlchemyError

from fnt_server.db.connection import Database
from fnt_server.db.models import AccessToken, Job
from fnt_server.jobs.state import LIVE

LOOKS_PER_TIMEOUT = 4
LOOK_AT_LEAST_EVERY_S = 15.0


class IdleCheck:
    """True after so many seconds without a running job, a request and a client.

    Each client holds a shared lock on a file while it needs the server. Once idle, the lock is
    taken exclusively and kept: from then on, a client waits, and starts another server.
    """

    def __init__(
        self, in_use: Path, *, after_s: float, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._lock = os.open(in_use, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)
        self._after_s = after_s
        self._clock = clock
        self._used_at = self._looked_at = clock()
        self._last_request: float | None = None

    def __call__(self, database: Database) -> bool:
        """Return whether the server is idle and has to end; looks only now and then."""
        every_s = min(self._after_s / LOOKS_PER_TIMEOUT, LOOK_AT_LEAST_EVERY_S)
        if self._clock() - self._looked_at < every_s:
            return False
        self._looked_at = self._clock()
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            self._used_at = self._clock()
            return False
        # Locked, so that what is seen now is still so at the end.
        if self._was_used(database):
            self._used_at = self._clock()
        if self._clock() - self._used_at >= self._after_s:
            return True
        fcntl.flock(self._lock, fcntl.LOCK_UN)
        return False

    def _was_used(self, database: Database) -> bool:
        """Return whether a job is running, or a request has come since the last look."""
        sent = (Job.status.in_(LIVE), Job.file_key.is_not(None))
        try:
            with database.read() as session:
                last_request = session.scalar(select(func.max(AccessToken.last_used_at)))
                is_busy = session.scalar(select(Job.id).where(*sent).limit(1)) is not None
        except SQLAlchemyError:  # the next look tells more
            return True
        was_asked, self._last_request = last_request != self._last_request, last_request
        return is_busy or was_asked
