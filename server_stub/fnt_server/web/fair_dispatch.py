"""Requests of one network do not occupy the interpreter: a few of each run at a time, in turn."""

from __future__ import annotations

import contextlib
import math
import threading
from collections import OrderedDict, deque
from collections.abc import Callable, Hashable, Iterator
from typing import Generic, TypeVar

TOGETHER = 4
"""Requests of one network that compute at a time."""
TOGETHER_IN_ALL = 16
TURN_S = 0.25
"""Who takes longer waits for something, as for a client, and does not keep others waiting."""
MAX_QUEUED = 512
"""Requests of one network that wait for a turn."""

MAX_REMEMBERED = 4096
"""Networks that had a turn lately: who had none for longer comes first."""

R = TypeVar("R", bound=Hashable)

_this = threading.local()


class FairDispatch(Generic[R]):
    """The requests that wait for a turn and those that have one; for one thread."""

    def __init__(self, *, each: int = TOGETHER, total: int = TOGETHER_IN_ALL) -> None:
        self._each = each
        self._total = total
        self._queues: dict[str, deque[R]] = {}
        self._turns: OrderedDict[R, tuple[str, float]] = OrderedDict()
        """The network and the end of each turn, the first to end first."""
        self._running: dict[str, int] = {}
        self._served: OrderedDict[str, int] = OrderedDict()
        """When each network had its last turn, counted in turns."""
        self._count = 0

    def add(self, request: R, network: str) -> bool:
        """Let a request wait for its turn; False if its network has too many."""
        queue = self._queues.setdefault(network, deque())
        if len(queue) >= MAX_QUEUED:
            return False
        queue.append(request)
        return True

    def begin(self, now: float) -> Iterator[R]:
        """Yield the requests whose turn it is: of the network that has waited longest for one."""
        while self._turns and next(iter(self._turns.values()))[1] <= now:
            self.end(next(iter(self._turns)))
        while len(self._turns) < self._total and (network := self._next_network()):
            queue = self._queues[network]
            request = queue.popleft()
            if not queue:
                del self._queues[network]
            self._serve(network)
            self._turns[request] = network, now + TURN_S
            self._running[network] = self._running.get(network, 0) + 1
            yield request

    def end(self, request: R) -> None:
        """End a request's turn, if it has not ended."""
        network, _ = self._turns.pop(request, ("", 0.0))
        if network:
            self._running[network] -= 1
            if not self._running[network]:
                del self._running[network]

    def due_in_s(self, now: float) -> float:
        """Return when a turn ends by itself for which others wait, in seconds."""
        if not self._queues or not self._turns:
            return math.inf
        return max(0.0, next(iter(self._turns.values()))[1] - now)

    def _next_network(self) -> str | None:
        free = (name for name in self._queues if self._running.get(name, 0) < self._each)
        return min(free, key=lambda name: self._served.get(name, 0), default=None)

    def _serve(self, network: str) -> None:
        self._count += 1
        self._served[network] = self._count
        self._served.move_to_end(network)
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
