"""Options of every connection to Redis or Valkey: none waits for a peer that has vanished."""

from __future__ import annotations

import socket
from typing import Any

TIMEOUT_S = 1.0
KEEPALIVE = {
    getattr(socket, name): value
    for name, value in {
        "TCP_KEEPIDLE": 5,
        "TCP_KEEPINTVL": 2,
        "TCP_KEEPCNT": 3,
        "TCP_USER_TIMEOUT": 10_000,
    }.items()
    if hasattr(socket, name)  # not every system has every one
}
"""An idle connection is given up after 5 + 3 × 2 s, and what was sent to one after 10 000 ms."""


def redis_options(url: str) -> dict[str, Any]:
    """Return the options for the client of this URL."""
    options: dict[str, Any] = {"socket_timeout": TIMEOUT_S, "socket_connect_timeout": TIMEOUT_S}
    if not url.startswith("unix:"):
        options |= {"socket_keepalive": True, "socket_keepalive_options": KEEPALIVE}
    return options
