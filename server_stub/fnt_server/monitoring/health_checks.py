"""What is known of database, broker and workers, by looks that no request has to wait for."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

T = TypeVar("T")

STALE_AFTER_S = 15.0
"""What was seen so long ago is no longer known."""
ANSWER_WITHIN_S = 1.5


@dataclass(slots=True, kw_only=True)
class Vitals:
    """What the last look in the background found."""

    broker: bool = False
    workers: int = 0
    looked_at: float = 0.0
    """By the monotonic clock."""

    def forget_if_stale(self) -> None:
        """Take broker and workers for lost when nobody has looked for long."""
        if time.monotonic() - self.looked_at > STALE_AFTER_S:
            self.broker, self.workers = False, 0


class Pulse(Generic[T]):
    """Asks something that may never answer: one question at a time, waited for so long only."""

    def __init__(self, question: Callable[[], T]) -> None:
        self._question = question
        self._lock = threading.Lock()
        self._answered = threading.Event()
        self._answered.set()
        self._answer: T | None = None

    def ask(self, *, within_s: float = ANSWER_WITHIN_S) -> T | None:
        """Return the answer; None when it does not come in time, or the asking failed."""
        with self._lock:
            if self._answered.is_set():
                self._answered = threading.Event()
                threading.Thread(target=self._run, args=(self._answered,), daemon=True).start()
            answered = self._answered
        return self._answer if answered.wait(within_s) else None

    def _run(self, answered: threading.Event) -> None:
        try:
            self._answer = self._question()
        except Exception:
            self._answer = None
        finally:
            answered.set()
