"""Health of what a web process depends on, checked without blocking requests."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

from fnt_server.config import Config
from fnt_server.db.connection import Database
from fnt_server.failure_reasons import reason
from fnt_server.jobs import worker_registry
from fnt_server.messaging import broker_probe
from fnt_server.storage.object_store import Storage

T = TypeVar("T")

log = logging.getLogger(__name__)

PROBE_WITHIN_S = 1.5
PROBE_EVERY_S = 2.0
PROBE_STORAGE_EVERY_S = 10.0
STALE_AFTER_S = 13.0
"""A result older than its interval and this is discarded: its probe hangs."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HealthReport:
    """What the last checks have found. Without the database, the numbers are 0."""

    broker: bool
    events: bool
    """Whether this process hears the events of the others."""
    storage: bool
    reaper: bool
    """Whether the passes of this process's reaper succeed."""
    workers: int
    connections: int
    """Open connections of the database server; 0 on SQLite."""
    max_connections: int

    @property
    def is_well(self) -> bool:
        """Whether jobs are accepted, run and reported."""
        return all((self.broker, self.events, self.storage, self.reaper, self.workers))


@dataclass(frozen=True, slots=True, kw_only=True)
class _DatabaseFigures:
    workers: int = 0
    connections: int = 0
    max_connections: int = 0


class HealthMonitor:
    """Checks in the background; `report` never waits."""

    def __init__(
        self,
        config: Config,
        *,
        database: Database,
        storage: Storage,
        is_subscribed: Callable[[], bool],
        is_reaping: Callable[[], bool],
    ) -> None:
        self._is_subscribed = is_subscribed
        self._is_reaping = is_reaping
        self._broker = PeriodicProbe(
            "broker", lambda: broker_probe.ping(config.broker_url), every_s=PROBE_EVERY_S
        )
        self._figures = PeriodicProbe("database", lambda: _figures(database), every_s=PROBE_EVERY_S)
        self._storage = PeriodicProbe("storage", storage.probe, every_s=PROBE_STORAGE_EVERY_S)

    def report(self) -> HealthReport:
        """Return what is known now."""
        figures = self._figures.result() or _DatabaseFigures()
        return HealthReport(
            broker=self._broker.has_succeeded(),
            events=self._is_subscribed(),
            storage=self._storage.has_succeeded(),
            reaper=self._is_reaping(),
            workers=figures.workers,
            connections=figures.connections,
            max_connections=figures.max_connections,
        )

    def close(self) -> None:
        """Stop checking; does not wait for a probe that hangs."""
        for probe in (self._broker, self._figures, self._storage):
            probe.close()


def _figures(database: Database) -> _DatabaseFigures:
    workers, _ = worker_registry.count_live(database)
    connections, most = database.count_connections()
    return _DatabaseFigures(workers=workers, connections=connections, max_connections=most)


class PeriodicProbe(Generic[T]):
    """Runs a probe every few seconds in its own thread; logs failures with their reason.

    The result is that of the last run, unless that failed or is too long ago.
    """

    def __init__(self, name: str, probe: Callable[[], T], *, every_s: float) -> None:
        self._name = name
        self._probe = probe
        self._every_s = every_s
        self._result: T | None = None
        self._succeeded_at = float("-inf")
        self._closed = threading.Event()
        threading.Thread(target=self._run, name=f"{name} probe", daemon=True).start()

    def has_succeeded(self) -> bool:
        """Return whether the last run succeeded, and not too long ago."""
        return time.monotonic() - self._succeeded_at < self._every_s + STALE_AFTER_S

    def result(self) -> T | None:
        """Return what the last run returned; None if it failed or is too long ago."""
        return self._result if self.has_succeeded() else None

    def close(self) -> None:
        """Stop after the current run."""
        self._closed.set()

    def _run(self) -> None:
        while not self._closed.is_set():
            try:
                self._result = self._probe()
                self._succeeded_at = time.monotonic()
            except Exception as error:  # whatever is wrong is the result
                self._succeeded_at = float("-inf")
                if not self._closed.is_set():
                    log.warning("%s check failed: %s", self._name, reason(error))
            self._closed.wait(self._every_s)


class TimedProbe(Generic[T]):
    """Runs a probe that may hang: one at a time, waited for only so long."""

    def __init__(self, probe: Callable[[], T]) -> None:
        self._probe = probe
        self._lock = threading.Lock()
        self._done = threading.Event()
        self._done.set()
        self._result: T | None = None

    def run(self, *, within_s: float = PROBE_WITHIN_S) -> T | None:
        """Return the result; None if it is not there in time or the probe failed."""
        with self._lock:
            if self._done.is_set():
                self._done = threading.Event()
                threading.Thread(target=self._run, args=(self._done,), daemon=True).start()
            done = self._done
        return self._result if done.wait(within_s) else None

    def _run(self, done: threading.Event) -> None:
        try:
            self._result = self._probe()
        except Exception:
            self._result = None
        finally:
            done.set()
