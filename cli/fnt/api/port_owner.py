"""Find out whose server listens on a local port: any user's program can take the port first."""

from __future__ import annotations

import os
import socket
import sys
from contextlib import suppress
from pathlib import Path
from urllib.parse import urlsplit

from fnt.api.errors import START_HINT
from fnt.errors import SetupError, TemporaryError

TABLES = (Path("/proc/net/tcp"), Path("/proc/net/tcp6"))
LISTENING = "0A"
ROOT = 0
PROBE_WITHIN_S = 1.0
LOOPBACK = frozenset(
    {socket.inet_aton(name) for name in ("127.0.0.1", "0.0.0.0")}  # noqa: S104 -- only compared
    | {socket.inet_pton(socket.AF_INET6, name) for name in ("::", "::ffff:127.0.0.1", "::ffff:0:0")}
)
"""Addresses whose listeners get connections to 127.0.0.1."""


def require_own_server(server: str) -> None:
    """Raise FntError unless this user or root listens at a URL of 127.0.0.1.

    Asked before each secret that would go to a server which nobody named.
    """
    port = urlsplit(server).port or 80
    owners = _owners(port)
    if owners and owners <= {ROOT, os.getuid()}:
        return
    if not owners and _is_refused(port):
        words = f"cannot reach {server} (connection refused)"
        raise TemporaryError(words, code="UNREACHABLE", hint=START_HINT)
    whose = "belongs to another user" if owners else "may belong to another user"
    raise SetupError(
        f"the server at {server} {whose} of this machine",
        hint=f"if you trust it, name it: --server {server}",
    )


def _owners(port: int) -> set[int]:
    """Return the user IDs of who can get connections to a port of 127.0.0.1; none if unknown."""
    if not sys.platform.startswith("linux"):
        return set()
    owners: set[int] = set()
    for table in TABLES:
        with suppress(OSError):  # no IPv6 here, or no /proc
            owners |= listeners(table.read_text(encoding="ascii"), port)
    return owners


def listeners(table: str, port: int) -> set[int]:
    """Return the user IDs of a table's listeners on a port of 127.0.0.1 or of all addresses."""
    found = set()
    for line in table.splitlines()[1:]:
        _, local, _, state, _, _, _, user, *_ = line.split()
        address, _, listens_on = local.rpartition(":")
        if state == LISTENING and int(listens_on, 16) == port and _gets_loopback(address):
            found.add(int(user))
    return found


def _gets_loopback(address: str) -> bool:
    """Return whether connections to 127.0.0.1 can reach a listener.

    Its address is in hexadecimal, each 32 bits in the byte order of this machine.
    """
    words = (int(address[i : i + 8], 16) for i in range(0, len(address), 8))
    return b"".join(word.to_bytes(4, sys.byteorder) for word in words) in LOOPBACK


def _is_refused(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=PROBE_WITHIN_S).close()
    except ConnectionRefusedError:
        return True
    except OSError:
        return False
    return False
