"""Requests of one network do not occupy the interpreter: a few of each run at a time, in turn.

Nor do logins, which anybody may send from many networks: a few of them run at a time.
"""

from __future__ import annotations

import contextlib
import math
import threading
from collections import Counter, OrderedDict, deque
from collections.abc import Callable, Hashable, Iterator
from typing import Generic, NamedTuple, TypeVar

TOGETHER = 4
"""Requests of one network that compute at a time."""
TOGETHER_IN_ALL = 16
LOGINS_TOGETHER = 2
"""Logins of all networks that compute at a time, beside the other requests."""
TURN_S = 0.25
"""Who takes longer waits for something, as for a client, and does not keep others waiting."""
MAX_QUEUED = 512
"""Requests of one network that wait for a turn; as many logins."""

MAX_REMEMBERED = 4096
"""Sources that had a turn lately: who had none for longer comes first."""

R = TypeVar("R", bound=Hashable)

_this = threading.local()


class _Source(NamedTuple):
    """Where requests come from; the logins of a network wait apart from its other requests."""

    network: str
    is_login: bool


class FairDispatch(Generic[R]):
    """The requests that wait for a turn and those that have one; for one thread."""

    def __init__(
        self,
        *,
        each: int = TOGETHER,
        total: int = TOGETHER_IN_ALL,
        logins: int = LOGINS_TOGETHER,
    ) -> None:
        self._each = each
        self._total = {False: total, True: logins}
        self._queues: dict[_Source, deque[R]] = {}
        self._turns: OrderedDict[R, tuple[_Source, float]] = OrderedDict()
        """The source and the end of each turn, the first to end first."""
        self._running: Counter[_Source] = Counter()
        self._running_in_all: Counter[bool] = Counter()
        """Logins (True) and other requests (False) that have a turn."""
        self._served: OrderedDict[_Source, int] = OrderedDict()
        """When each source had its last turn, counted in turns."""
        self._count = 0

    def add(self, request: R, network: str, *, is_login: bool = False) -> bool:
        """Let a request wait for its turn; False if its network has too many."""
        queue = self._queues.setdefault(_Source(network, is_login), deque())
        if len(queue) >= MAX_QUEUED:
            return False
        queue.append(request)
        return True

    def begin(self, now: float) -> Iterator[R]:
        """Yield the requests whose turn it is: of the source that has waited longest for one."""
        while self._turns and next(iter(self._turns.values()))[1] <= now:
            self.end(next(iter(self._turns)))
        while source := self._next_source():
            queue = self._queues[source]
            request = queue.popleft()
            if not queue:
                del self._queues[source]
            self._serve(source)
            self._turns[request] = source, now + TURN_S
            self._running[source] += 1
            self._running_in_all[source.is_login] += 1
            yield request

    def end(self, request: R) -> None:
        """End a request's turn, if it has not ended."""
        source, _ = self._turns.pop(request, (None, 0.0))
        if source:
            self._running_in_all[source.is_login] -= 1
            self._running[source] -= 1
            if not self._running[source]:
                del self._running[source]

    def due_in_s(self, now: float) -> float:
        """Return when a turn ends by itself for which others wait, in seconds."""
        if not self._queues or not self._turns:
            return math.inf
        return max(0.0, next(iter(self._turns.values()))[1] - now)

    def _next_source(self) -> _Source | None:
        has_room = {kind: self._running_in_all[kind] < most for kind, most in self._total.items()}
        free = (
            source
            for source in self._queues
            if has_room[source.is_login] and self._running[source] < self._each
        )
        return min(free, key=lambda source: self._served.get(source, 0), default=None)

    def _serve(self, source: _Source) -> None:
        self._count += 1
        self._served[source] = self._count
        self._served.move_to_end(source)
        if len(self._served) > MAX_REMEMBERED:
            self._served.popitem(last=False)


@contextlib.contextmanager
def turn(end: Callable[[], None]) -> Iterator[None]:
    """Answer a request in this thread, whose turn something else ends."""
    _this.end = end
    try:
        yield
    finally:
        vars(_this).clear()


def end_turn() -> None:
    """End the turn of the request that this thread answers: it is going to wait."""
    vars(_this).pop("end", lambda: None)()
