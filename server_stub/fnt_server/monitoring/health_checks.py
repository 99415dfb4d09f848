"""Health of database, broker and workers, checked without blocking requests."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

T = TypeVar("T")

STALE_AFTER_S = 15.0
"""Results older than this are discarded."""
PROBE_WITHIN_S = 1.5


@dataclass(slots=True, kw_only=True)
class HealthStatus:
    """The result of the last background check."""

    broker: bool = False
    workers: int = 0
    checked_at: float = 0.0
    """By the monotonic clock."""

    def reset_if_stale(self) -> None:
        """Treat broker and workers as down if the last check is too old."""
        if time.monotonic() - self.checked_at > STALE_AFTER_S:
            self.broker, self.workers = False, 0


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
