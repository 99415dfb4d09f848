"""How long a run puts up with a server out of reach."""

from __future__ import annotations

import math
import threading
from collections.abc import Callable
from dataclasses import replace

from fnt.errors import FntError
from fnt.progress import LinkState, LinkStatus

GIVE_UP_S = 600.0
"""Default of `--give-up`, in seconds."""


class Patience:
    """Counts the time since requests began to fail, until one succeeds. Thread-safe."""

    def __init__(self, give_up_s: float, *, clock: Callable[[], float]) -> None:
        self._give_up_s = give_up_s or math.inf
        self._clock = clock
        self._lock = threading.Lock()
        self._failing_since: float | None = None
        self._failures = 0
        self._reason = ""

    def reached(self) -> None:
        """Record a request that succeeded."""
        with self._lock:
            self._failing_since, self._failures = None, 0

    def failed(self, error: FntError) -> bool:
        """Record a request that failed; return whether to try again."""
        with self._lock:
            now = self._clock()
            if self._failing_since is None:
                self._failing_since = now
            self._failures += 1
            self._reason = error.message
            return now - self._failing_since < self._give_up_s

    def left_s(self) -> float:
        """Return the time until patience is over."""
        with self._lock:
            since = self._failing_since
            return math.inf if since is None else since + self._give_up_s - self._clock()

    def slept(self, seconds: float) -> None:
        """Leave out seconds in which this process was stopped and nothing was tried."""
        with self._lock:
            if self._failing_since is not None:
                self._failing_since += seconds

    def shown(self, link: LinkState) -> LinkState:
        """Return the connection as shown: that requests fail comes before all else."""
        with self._lock:
            if self._failing_since is None:
                return link
            give_up_at = self._failing_since + self._give_up_s
            return replace(
                link,
                status=LinkStatus.RETRYING,
                attempt=self._failures,
                retry_at=None,
                reason=self._reason,
                give_up_at=None if give_up_at == math.inf else give_up_at,
            )
