"""Sockets from their first request on: those without a login are few, and make room for others."""

from __future__ import annotations

import socket
from typing import Any

from fnt_server.web.eviction_pool import EvictionPool
from fnt_server.web.io_timeouts import StallGuard
from fnt_server.web.lingering_close import hang_up
from fnt_server.web.sockets.event_limits import (
    SOCKET_BURST,
    SOCKET_RATE,
    EventLimits,
    TokenBucket,
)

HANDSHAKE = "fnt.handshake"
"""Key in the WSGI environment of every request of a socket."""


class Handshake:
    """One socket of either transport, which counts as unauthenticated until its user is known."""

    def __init__(self, pool: EvictionPool[Handshake], limits: EventLimits, *, address: str) -> None:
        self.address = address
        self.user_id: int | None = None
        self.session: Any = None
        """The library's side of the socket, from when it has one."""
        self._pool = pool
        self._limits = limits
        self._websocket: socket.socket | None = None
        self._guard: StallGuard | None = None
        self._bucket = TokenBucket(per_s=SOCKET_RATE, burst=SOCKET_BURST)
        self._user_bucket: TokenBucket | None = None

    def begin(self) -> None:
        """Count the socket as unauthenticated, at the expense of another if there are too many."""
        displaced = self._pool.add(self, self.address)
        if displaced is not None:
            displaced.close()

    def authenticated(self, user_id: int) -> None:
        """Count the socket as its user's."""
        self.user_id = user_id
        self._user_bucket = self._limits.user_bucket(user_id)
        self._pool.discard(self)

    def end(self) -> None:
        """Count the socket no more."""
        self._pool.discard(self)

    def use(self, websocket: socket.socket | None, guard: StallGuard | None = None) -> None:
        """Use a WebSocket; `guard` cuts it off unless the session is upgraded to it in time."""
        self._websocket, self._guard = websocket, guard

    def upgraded(self) -> None:
        """Keep the WebSocket for good."""
        if self._guard is not None:
            self._guard.end()

    def cut(self) -> None:
        """Shut the WebSocket down, if any; its thread notices."""
        if self._websocket is not None:
            hang_up(self._websocket)

    def close(self) -> None:
        """Close the socket."""
        self.cut()
        if self.session is not None and not self.session.upgraded:
            self.session.close()

    def reserve(self, cost: float) -> float:
        """Count a message; returns how long to wait before it is handled, in seconds."""
        shared_s = self._user_bucket.reserve(cost) if self._user_bucket is not None else 0.0
        return max(shared_s, self._bucket.reserve(cost))

    def block(self) -> None:
        """Close an offender's socket, and refuse them others for a while."""
        self._limits.block(self.user_id)
        self.close()
