"""The unit by which clients are counted: an IPv4 address, or the /64 of an IPv6 address."""

from __future__ import annotations

import ipaddress

IPV6_PREFIX = 64
"""What one subscriber gets at least."""


def client_network(address: str) -> str:
    """Return the IPv4 address or the IPv6 network of an address; other text as it is."""
    try:
        found = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return address
    if isinstance(found, ipaddress.IPv4Address):
        return str(found)
    if found.ipv4_mapped:
        return str(found.ipv4_mapped)
    return str(ipaddress.ip_network((int(found), IPV6_PREFIX), strict=False))
