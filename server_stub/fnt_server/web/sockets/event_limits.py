"""How many messages a socket, and a user with all their sockets, may send."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from weakref import WeakValueDictionary

log = logging.getLogger(__name__)

SOCKET_RATE, SOCKET_BURST = 50.0, 100.0
"""Messages a second, and how many at once; more have to wait."""
USER_RATE, USER_BURST = 100.0, 200.0
MAX_UNANSWERED = 2000
"""Messages that may wait, such as a join for each job that a user may have; with more, or more
bytes, the socket is closed."""
MAX_UNANSWERED_BYTES = 512 * 1024
BLOCKED_S = 10.0
"""For how long a user is refused new sockets after that."""


class TokenBucket:
    """A rate with bursts. Thread-safe."""

    def __init__(
        self, *, per_s: float, burst: float, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._per_s = per_s
        self._burst = burst
        self._clock = clock
        self._tokens = burst
        self._filled_at = clock()
        self._lock = threading.Lock()

    def reserve(self, cost: float = 1.0) -> float:
        """Take tokens, in advance if there are none; returns the wait until they are there, s."""
        with self._lock:
            now = self._clock()
            refilled = self._tokens + (now - self._filled_at) * self._per_s
            self._tokens = min(self._burst, refilled) - cost
            self._filled_at = now
            return max(0.0, -self._tokens / self._per_s)


class EventLimits:
    """The buckets of all users of a process. Thread-safe."""

    def __init__(self) -> None:
        self._users: WeakValueDictionary[int, TokenBucket] = WeakValueDictionary()
        self._blocked: dict[int, float] = {}
        self._lock = threading.Lock()

    def user_bucket(self, user_id: int) -> TokenBucket:
        """Return the bucket that all sockets of a user share."""
        with self._lock:
            bucket = self._users.get(user_id)
            if bucket is None:
                bucket = self._users[user_id] = TokenBucket(per_s=USER_RATE, burst=USER_BURST)
            return bucket

    def block(self, user_id: int | None) -> None:
        """Refuse new sockets of a user for a while."""
        log.warning("socket closed: too many events, user=%s", user_id)
        if user_id is not None:
            with self._lock:
                self._blocked[user_id] = time.monotonic() + BLOCKED_S

    def is_blocked(self, user_id: int) -> bool:
        """Return whether new sockets of a user are refused."""
        with self._lock:
            if self._blocked.get(user_id, 0.0) > time.monotonic():
                return True
            self._blocked.pop(user_id, None)
            return False
