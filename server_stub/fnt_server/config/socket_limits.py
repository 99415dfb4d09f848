"""Which live connections a web process takes, and how many, in all and per user."""

from __future__ import annotations

from dataclasses import dataclass

from fnt_server.config.environment import number, words

POLLING, WEBSOCKET = "polling", "websocket"
"""The transports of Engine.IO."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SocketLimits:
    """Limits on the sockets of one web process."""

    transports: tuple[str, ...] = words("FNT_SOCKET_TRANSPORTS", POLLING, WEBSOCKET)
    max_sockets: int = number("FNT_MAX_SOCKETS", 400, 1, 100_000)
    max_sockets_per_user: int = number("FNT_MAX_SOCKETS_PER_USER", 20, 1, 100_000)
    max_unauthenticated_per_address: int = number(
        "FNT_MAX_UNAUTHENTICATED_PER_ADDRESS", 64, 1, 100_000
    )
    connect_within_s: float = number("FNT_CONNECT_WITHIN_S", 10.0, 1, 600)
    """A socket not authenticated by then is closed."""
