"""Turns for greenlets: each waits until `FairDispatch` starts its request."""

from __future__ import annotations

import contextlib
import math
import time
from collections.abc import Iterator
from functools import partial

import gevent
from gevent.event import Event

from fnt_server.web.fair_dispatch import FairDispatch, turn


class Full(Exception):  # noqa: N818 -- names what happened
    """Too many requests of a network wait for a turn."""


class FairTurns:
    """Makes greenlets wait whose network has others that compute."""

    def __init__(self) -> None:
        self._dispatch = FairDispatch[Event]()
        self._is_due = False
        self._has_timer = False

    @contextlib.contextmanager
    def turn(self, network: str, *, is_login: bool = False) -> Iterator[None]:
        """Answer a request when it is its network's turn; raises Full."""
        begun = Event()
        if not self._dispatch.add(begun, network, is_login=is_login):
            raise Full
        self._begin_soon()
        try:
            begun.wait()
            with turn(partial(self._end, begun)):
                yield
        finally:
            self._end(begun)

    def _end(self, begun: Event) -> None:
        self._dispatch.end(begun)
        self._begin_soon()

    def _begin_soon(self) -> None:
        """Let requests begin once the loop has looked around: many never wait for anything."""
        if not self._is_due:
            self._is_due = True
            gevent.spawn_later(0, self._begin)

    def _begin(self) -> None:
        self._is_due = False
        now = time.monotonic()
        for begun in self._dispatch.begin(now):
            begun.set()
        due_in_s = self._dispatch.due_in_s(now)
        if due_in_s < math.inf and not self._has_timer:
            self._has_timer = True
            gevent.spawn_later(due_in_s, self._on_timer)

    def _on_timer(self) -> None:
        self._has_timer = False
        self._begin()
