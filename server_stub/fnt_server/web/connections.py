"""Connections that have no running request, and the buffers of all."""

from __future__ import annotations

import contextlib
import fcntl
import resource
import socket
import struct
import sys
import termios
import time
from collections.abc import Callable
from typing import Any

from gunicorn.http.errors import ParseException

from fnt_server.config import Config
from fnt_server.monitoring.system_requirements import FILES_BESIDE_SOCKETS
from fnt_server.web.eviction_pool import EvictionPool
from fnt_server.web.request_buffer import MAX_BODY_BYTES, RequestBuffer

SEND_BUFFER_BYTES = 256 * 1024
"""Any answer to a client without a login fits in, so that writing it occupies no thread."""
MAX_UNREAD_BYTES = 64 * 1024
DRAIN_BODY_S = 0.05
"""How long the rest of a request is waited for that was answered before it was read."""
UNHEARD_AFTER_MS = 15_000
"""A peer that acknowledges nothing for this long is considered gone."""


def waiting_connections(config: Config) -> EvictionPool[Any]:
    """Return the pool for connections that wait for a request.

    A proxy's own address says nothing about its clients.
    """
    limits = config.connections
    per_address = limits.max_connections if config.proxies else limits.max_connections_per_address
    capacity = min(limits.max_connections, _open_files_to_spare() // 2)  # and sockets
    return EvictionPool(capacity=capacity, per_address=min(per_address, capacity))


def _open_files_to_spare() -> int:
    """Return how many connections may be open before database and broker get no more files."""
    allowed, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    is_unlimited = allowed == resource.RLIM_INFINITY
    return sys.maxsize if is_unlimited else max(2, allowed - FILES_BESIDE_SOCKETS)


def limit_buffers(connection: socket.socket) -> None:
    """Set the buffer and the timeout of what is sent on a new connection."""
    with contextlib.suppress(OSError):
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER_BYTES)
    option = getattr(socket, "TCP_USER_TIMEOUT", None)  # Linux
    if option is not None:
        with contextlib.suppress(OSError):
            connection.setsockopt(socket.IPPROTO_TCP, option, UNHEARD_AFTER_MS)


def invite(connection: socket.socket, request: RequestBuffer) -> None:
    """Tell a client to send its body, if it waits to be told; never waits for the client."""
    invitation = request.invitation()
    if invitation:
        with contextlib.suppress(OSError):
            connection.send(invitation)


def closes_after(parser: Any, message: Any, is_asked_to: Callable[[], bool]) -> bool:
    """Return whether an answer ends its connection: also if the app left much of a body unread.

    To be asked once, when the answer begins: the rest of the body is read here.
    """
    if is_asked_to() or getattr(message.body.reader, "length", 0) > MAX_BODY_BYTES:
        return True
    try:
        return not parser.finish_body(deadline=time.monotonic() + DRAIN_BODY_S)
    except (ParseException, OSError):
        return True


def is_unread(connection: socket.socket) -> bool:
    """Return whether a client does not read its answers; where the system tells."""
    try:
        found = fcntl.ioctl(connection, termios.TIOCOUTQ, b"\0" * 4)
    except OSError:
        return False
    return int(struct.unpack("i", found)[0]) > MAX_UNREAD_BYTES


def peer_address(client: Any) -> str:
    """Return the address of a peer as gunicorn has it."""
    return str(client[0]) if isinstance(client, tuple) else ""
