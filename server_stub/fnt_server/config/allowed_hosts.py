"""Host names that requests may use, besides addresses and `localhost`."""

from __future__ import annotations

import ipaddress
import socket

ANY = "*"


def allowed_hosts(given: str, *, listens_on: str, proxies: int) -> tuple[str, ...]:
    """Return the names that were given; by default this machine's own if only it can connect.

    There, nobody but a web page that points a name of its own at this machine would use another. A
    proxy in front decides itself which names it serves.
    """
    names = tuple(given.replace(",", " ").lower().split())
    if names:
        return names
    is_private = not proxies and all(map(_is_loopback, _addresses(listens_on)))
    return (socket.gethostname().lower(), listens_on.lower()) if is_private else (ANY,)


def _addresses(host: str) -> list[str]:
    """Return where a server with this host listens; `127.1` and names need to be looked up."""
    try:
        return [str(ipaddress.ip_address(host))]
    except ValueError:
        pass
    try:
        return [str(entry[4][0]) for entry in socket.getaddrinfo(host, None)]
    except (OSError, UnicodeError):  # nowhere, and the start says so
        return []


def _is_loopback(text: str) -> bool:
    address = ipaddress.ip_address(text)
    return (getattr(address, "ipv4_mapped", None) or address).is_loopback
