"""What SIGTERM does to a worker: steps stop early and are released; a second signal kills it."""

from __future__ import annotations

import logging
import mmap
import os
import signal
from contextlib import suppress
from types import FrameType

from billiard import active_children
from sqlalchemy.exc import SQLAlchemyError

from fnt_server.config import Config
from fnt_server.config.environment import ConfigError
from fnt_server.db.connection import COMMAND, Database
from fnt_server.failure_reasons import reason
from fnt_server.jobs import leases

log = logging.getLogger(__name__)


class GracefulShutdown:
    """Begins with the first signal; ends when all steps have stopped, on timeout or a second one.

    Created before the fork: the pool children share its flag and check it while they work.
    """

    def __init__(self, config: Config, *, worker_id: str) -> None:
        self._config = config
        self._worker_id = worker_id
        self._flag = mmap.mmap(-1, 1)

    def has_begun(self) -> bool:
        """Whether shutdown has begun."""
        return self._flag[0] != 0

    def begin(self) -> None:
        """Let the steps stop within `drain_s`. Call it in the main thread."""
        self._flag[0] = 1
        log.info("shutting down: running steps have %d s to stop", self._config.shutdown.drain_s)
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGQUIT, signal.SIGALRM):
            signal.signal(number, self._end_at_once)
        signal.setitimer(signal.ITIMER_REAL, self._config.shutdown.drain_s)

    def _end_at_once(self, number: int, _frame: FrameType | None) -> None:
        signal.setitimer(signal.ITIMER_REAL, 0)
        for child in active_children():
            with suppress(ProcessLookupError):
                os.kill(child.pid, signal.SIGKILL)
        self.end()
        os._exit(0 if number == signal.SIGALRM else 128 + number)

    def end(self) -> None:
        """Release the steps of children that were killed."""
        try:
            database = Database(self._config.database_url, pool=COMMAND)
            leases.release_all(database, worker_id=self._worker_id)
            database.dispose()
        except (SQLAlchemyError, ConfigError) as error:
            log.warning("steps will be retried after lease expiry: %s", reason(error))
