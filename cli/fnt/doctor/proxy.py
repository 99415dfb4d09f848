"""Whether a proxy stands between this machine and the server, by the rules that REST follows."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import SplitResult, unquote, urlsplit

from fnt.errors import UsageError

DEFAULT_PORTS = {"http": 80, "https": 443, "socks5": 1080, "socks5h": 1080}


@dataclass(frozen=True, slots=True, kw_only=True)
class Proxy:
    """A proxy's address. Its repr shows no password."""

    scheme: str
    host: str
    port: int
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)


def find_proxy(proxies: Mapping[str, str], *, scheme: str, host: str) -> Proxy | None:
    """Return the proxy for a server; None when it is reached directly."""
    url = proxies.get(scheme) or proxies.get("all")
    if not url or _is_exempt(host, proxies.get("no", "")):
        return None
    try:
        parts = urlsplit(url if "://" in url else f"http://{url}")
        port = parts.port
    except ValueError:
        parts, port = urlsplit(""), None
    if not parts.hostname:
        raise UsageError(
            "the proxy's URL cannot be read",
            hint=f"set {scheme.upper()}_PROXY to http://host:port, or unset it",
        )
    return Proxy(
        scheme=parts.scheme,
        host=parts.hostname,
        port=port or DEFAULT_PORTS.get(parts.scheme, 80),
        headers=_credentials(parts),
    )


def _is_exempt(host: str, no_proxy: str) -> bool:
    names = [name.lstrip(".").lower() for name in no_proxy.replace(",", " ").split()]
    return any(name in ("*", host) or host.endswith(f".{name}") for name in names)


def _credentials(parts: SplitResult) -> dict[str, str]:
    if parts.username is None:
        return {}
    words = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
    return {"Proxy-Authorization": "Basic " + base64.b64encode(words.encode()).decode()}
