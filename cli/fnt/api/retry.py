"""Retry policy: whether a request is sent again, and how long to wait before that."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from dataclasses import dataclass

from fnt.errors import FntError


@dataclass(frozen=True, slots=True, kw_only=True)
class Retry:
    """Exponential backoff with jitter that honors the server's Retry-After."""

    tries: int = 4
    base_s: float = 0.3
    cap_s: float = 4.0
    longest_wait_s: float = 10.0
    """Give up if Retry-After asks for more than this."""
    total_s: float = 40.0
    """Start no new attempt later than this after the first."""
    sleep: Callable[[float], None] = time.sleep
    random: Callable[[], float] = random.random
    clock: Callable[[], float] = time.monotonic

    def wait(self, error: FntError, failures: int, *, started_at: float) -> bool:
        """Sleep until the next attempt is due; return False immediately if there should be none."""
        asked_s = error.retry_after_s or 0.0
        spent_s = self.clock() - started_at
        if failures >= self.tries or asked_s > self.longest_wait_s or spent_s > self.total_s:
            return False
        jitter_s = self.random() * min(self.cap_s, self.base_s * 2.0**failures)
        self.sleep(asked_s + jitter_s)
        return True
