"""Proxy selection, shared by REST and WebSocket connections."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import SplitResult, unquote, urlsplit

from fnt.config.settings.values import is_loopback
from fnt.errors import UsageError

DEFAULT_PORTS = {"http": 80, "https": 443, "socks5": 1080, "socks5h": 1080}


@dataclass(frozen=True, slots=True, kw_only=True)
class Proxy:
    """Address of a proxy. The repr shows no password."""

    scheme: str
    host: str
    port: int
    auth: tuple[str, str] | None = field(default=None, repr=False)
    """User name and password."""

    @property
    def headers(self) -> dict[str, str]:
        """Headers for requests to the proxy itself."""
        if self.auth is None:
            return {}
        words = base64.b64encode(":".join(self.auth).encode()).decode()
        return {"Proxy-Authorization": f"Basic {words}"}


def find_proxy(proxies: Mapping[str, str], *, scheme: str, host: str) -> Proxy | None:
    """Return the proxy for a server, or None for a direct connection, as to this machine."""
    url = proxies.get(scheme) or proxies.get("all")
    if not url or is_loopback(host) or _is_exempt(host, proxies.get("no", "")):
        return None
    try:
        parts = urlsplit(url if "://" in url else f"http://{url}")
        port = parts.port
    except ValueError:
        parts, port = urlsplit(""), None
    if not parts.hostname:
        raise UsageError(
            "invalid proxy URL",
            hint=f"set {scheme.upper()}_PROXY to http://host:port, or unset it",
        )
    return Proxy(
        scheme=parts.scheme,
        host=parts.hostname,
        port=port or DEFAULT_PORTS.get(parts.scheme, 80),
        auth=_credentials(parts),
    )


def _is_exempt(host: str, no_proxy: str) -> bool:
    names = [name.lstrip(".").lower() for name in no_proxy.replace(",", " ").split()]
    return any(name in ("*", host) or host.endswith(f".{name}") for name in names)


def _credentials(parts: SplitResult) -> tuple[str, str] | None:
    if parts.username is None:
        return None
    return unquote(parts.username), unquote(parts.password or "")
