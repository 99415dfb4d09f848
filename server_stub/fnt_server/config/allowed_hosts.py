"""Host names that requests may use, besides addresses and `localhost`."""

from __future__ import annotations

import ipaddress
import socket

ANY = "*"


def allowed_hosts(given: str, *, listens_on: str, proxies: int) -> tuple[str, ...]:
    """Return the names that were given; by default this machine's where only it can connect.

    There, nobody but a web page that points a name of its own at this machine would use another. A
    proxy in front decides itself which names it serves.
    """
    names = tuple(given.replace(",", " ").lower().split())
    is_private = _is_loopback(listens_on) and not proxies
    return names or ((socket.gethostname().lower(),) if is_private else (ANY,))


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
