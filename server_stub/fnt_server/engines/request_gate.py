"""How many requests of one step are in flight, and when a service wants none."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator
from threading import Condition
from typing import Final

from fnt_server.pipeline.engine_protocol import Stopped

ANSWERS_TO_SPEED_UP: Final = 10
"""Answers after which one more request is tried at a time."""


class RequestGate:
    """Limit the number of concurrent requests.

    A service that is unavailable halves the number; answers bring it back, one by one. What a
    service says about when to come back holds for all requests.
    """

    def __init__(self, in_flight: int) -> None:
        self._most = self.allowed = in_flight
        self._running = 0
        self._answers = 0
        self._opens_at = 0.0
        self._is_closed = False
        self._changed = Condition()

    @contextlib.contextmanager
    def turn(self) -> Iterator[None]:
        """Wait for a turn, and give it back afterwards; raises Stopped once the gate is closed."""
        self._enter()
        try:
            yield
        finally:
            with self._changed:
                self._running -= 1
                self._changed.notify_all()

    def speed_up(self) -> None:
        """Take note of an answer."""
        with self._changed:
            self._answers += 1
            if self._answers >= ANSWERS_TO_SPEED_UP and self.allowed < self._most:
                self._answers = 0
                self.allowed += 1
                self._changed.notify_all()

    def slow_down(self, *, for_s: float = 0.0) -> None:
        """Let fewer requests through from now on, and none at all for some seconds."""
        with self._changed:
            self._answers = 0
            self.allowed = max(1, self.allowed // 2)
            self._opens_at = max(self._opens_at, time.monotonic() + for_s)

    def pause(self, seconds: float) -> None:
        """Let one request wait; raises Stopped once the gate is closed."""
        with self._changed:
            if self._changed.wait_for(lambda: self._is_closed, seconds):
                raise Stopped

    def close(self) -> None:
        """Let no request through any more."""
        with self._changed:
            self._is_closed = True
            self._changed.notify_all()

    def _enter(self) -> None:
        with self._changed:
            while not self._is_closed:
                closed_for_s = self._opens_at - time.monotonic()
                if closed_for_s <= 0 and self._running < self.allowed:
                    self._running += 1
                    return
                self._changed.wait(closed_for_s if closed_for_s > 0 else None)
        raise Stopped
