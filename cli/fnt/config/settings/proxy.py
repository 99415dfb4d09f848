"""Proxy selection, shared by REST and WebSocket connections."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import SplitResult, unquote, urlsplit

from fnt.config.settings.no_proxy import is_exempt
from fnt.config.settings.values import is_loopback
from fnt.errors import UsageError

DEFAULT_PORTS = {"http": 80, "https": 443, "socks5": 1080, "socks5h": 1080}
"""By the kinds of proxy there are."""
SERVER_SCHEMES = {"ws": "http", "wss": "https"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Proxy:
    """Address of a proxy. The repr shows no password."""

    scheme: str
    host: str
    port: int
    auth: tuple[str, str] | None = field(default=None, repr=False)
    """User name and password."""

    @property
    def url(self) -> str:
        """The address without user name and password."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self.scheme}://{host}:{self.port}"

    @property
    def headers(self) -> dict[str, str]:
        """Headers for requests to the proxy itself."""
        if self.auth is None:
            return {}
        words = base64.b64encode(":".join(self.auth).encode()).decode()
        return {"Proxy-Authorization": f"Basic {words}"}


def find_proxy(proxies: Mapping[str, str], *, server: str) -> Proxy | None:
    """Return the proxy for a server's URL, or None for a direct connection, as to this machine.

    `proxies` is what `urllib.request.getproxies` returns. Raises UsageError for a proxy URL that
    cannot be used.
    """
    target = urlsplit(server)
    scheme = SERVER_SCHEMES.get(target.scheme, target.scheme)
    host, port = target.hostname or "", target.port or DEFAULT_PORTS[scheme]
    url = proxies.get(scheme) or proxies.get("all")
    if not url or is_loopback(host):
        return None
    if is_exempt(proxies.get("no", ""), scheme=scheme, host=host, port=port):
        return None
    try:
        parts = urlsplit(url if "://" in url else f"http://{url}")
        proxy_port = parts.port or DEFAULT_PORTS[parts.scheme]
        (parts.hostname or "").encode("idna")  # as the look-up does
    except (ValueError, KeyError):
        parts, proxy_port = urlsplit(""), 0
    if not parts.hostname or parts.scheme not in DEFAULT_PORTS:
        raise UsageError(
            "invalid proxy setting in the environment",
            hint=f"set {scheme.upper()}_PROXY to http://host:port, or unset it",
        )
    return Proxy(
        scheme=parts.scheme, host=parts.hostname, port=proxy_port, auth=_credentials(parts)
    )


def _credentials(parts: SplitResult) -> tuple[str, str] | None:
    if parts.username is None:
        return None
    return unquote(parts.username), unquote(parts.password or "")
