"""Renews the lease of a step while it runs, and notices when it is lost."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from contextvars import copy_context
from types import TracebackType

from sqlalchemy.exc import SQLAlchemyError

from fnt_server.config.lease_length import LeaseLength
from fnt_server.db.connection import Database
from fnt_server.failure_reasons import reason
from fnt_server.jobs import leases
from fnt_server.jobs.leases import ClaimedStep, LeaseLostError
from fnt_server.pipeline.engine_protocol import Stopped

log = logging.getLogger(__name__)

CHECK_EVERY_S = 1.0
"""How soon a cancelled job is noticed."""


class Lease:
    """Renews in the background. `is_held` is cheap, so that the work can call it often."""

    def __init__(
        self,
        database: Database,
        claimed: ClaimedStep,
        *,
        length: LeaseLength,
        stopping: Callable[[], bool],
    ) -> None:
        self._database = database
        self._claimed = claimed
        self._length = length
        self._stopping = stopping
        self._lost = False
        self._ended = threading.Event()
        self._thread = threading.Thread(
            target=copy_context().run, args=(self._keep_renewing,), name="lease", daemon=True
        )

    def __enter__(self) -> Lease:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._ended.set()
        self._thread.join()

    def is_held(self) -> bool:
        """Return whether the work should continue."""
        return not self._lost and not self._stopping()

    def check(self) -> None:
        """Raise Stopped if the work should not continue."""
        if not self.is_held():
            raise Stopped

    def pause(self, seconds: float) -> None:
        """Sleep, but no longer than the step is held; raises Stopped."""
        ends = time.monotonic() + seconds
        while (left := ends - time.monotonic()) > 0:
            self.check()
            time.sleep(min(left, 0.1))

    def _keep_renewing(self) -> None:
        renew_every = self._length.renew_every_s
        renewed = time.monotonic()
        while not self._ended.wait(min(CHECK_EVERY_S, renew_every)):
            try:
                if time.monotonic() - renewed >= renew_every:
                    leases.renew(self._database, self._claimed, lease_s=self._length.lease_s)
                    renewed = time.monotonic()
                elif not leases.is_held(self._database, self._claimed):
                    self._lost = True
            except LeaseLostError:
                self._lost = True
            except SQLAlchemyError as error:
                log.warning("heartbeat missing: %s", reason(error))
            if self._lost:
                return
