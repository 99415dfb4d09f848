"""How many connections and requests one address, and one user, may have at once."""

from __future__ import annotations

from dataclasses import dataclass

from fnt_server.config.environment import number


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectionLimits:
    """Limits of one web process; an address is an IPv4 address or an IPv6 /64."""

    max_connections: int = number("FNT_MAX_CONNECTIONS", 512, 2, 100_000)
    """Connections without a running request: idle ones, and requests that are still arriving."""
    max_connections_per_address: int = number("FNT_MAX_CONNECTIONS_PER_ADDRESS", 128, 1, 100_000)
    max_requests_per_address: int = number("FNT_MAX_REQUESTS_PER_ADDRESS", 64, 1, 100_000)
    """Running requests of clients that have not shown a token yet."""
    max_requests_per_user: int = number("FNT_MAX_REQUESTS_PER_USER", 32, 1, 100_000)
    """Running uploads and downloads; a client sends up to 32 files at a time."""
