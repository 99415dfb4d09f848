"""NO_PROXY: servers that are connected to directly. Invalid entries are ignored."""

from __future__ import annotations

import ipaddress
import re


def is_exempt(no_proxy: str, *, scheme: str, host: str, port: int) -> bool:
    """Return whether NO_PROXY includes a server.

    Entries are separated by commas or spaces: `*`, a domain and all below it (`example.org`,
    `.example.org`, `*.example.org`), an address, or a network (`10.0.0.0/8`, `fd00::/8`); each
    optionally limited to a port (`example.org:8443`, `[::1]:8443`) or a scheme
    (`https://example.org`).
    """
    entries = re.split(r"[,\s]+", no_proxy.lower())
    return any(_names(entry, scheme=scheme, host=host.lower(), port=port) for entry in entries)


def _names(entry: str, *, scheme: str, host: str, port: int) -> bool:
    if entry == "*":
        return True
    entry_scheme, separator, rest = entry.rpartition("://")
    if separator and entry_scheme not in ("all", scheme):
        return False
    name, entry_port = _split_port(rest.rstrip("/") if separator else rest)
    return entry_port in ("", str(port)) and _matches(name, host.rstrip("."))


def _split_port(text: str) -> tuple[str, str]:
    """Split off the port; an IPv6 address with a port needs brackets."""
    bracketed = re.fullmatch(r"\[([^\]]*)\](/\d+)?(?::(\d+))?", text)
    if bracketed is not None:
        return bracketed[1] + (bracketed[2] or ""), bracketed[3] or ""
    if text.count(":") != 1:
        return text, ""
    name, _, port = text.partition(":")
    return name, port


def _matches(name: str, host: str) -> bool:
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        domain = name.removeprefix("*").strip(".")
        return bool(domain) and f".{host}".endswith(f".{domain}")
    try:
        return address in ipaddress.ip_network(name, strict=False)
    except ValueError:
        return False
