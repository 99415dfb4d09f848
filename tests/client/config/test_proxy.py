"""Proxy selection, the same for REST and the WebSocket."""

from __future__ import annotations

from typing import Any

import httpcore
import pytest

from fnt.api.http import Channel
from fnt.api.retry import Retry
from fnt.config.settings.proxy import find_proxy
from fnt.errors import UsageError
from fnt.stream.socketio_client import proxy_options

PROXY = "http://p.example.net:3128"
BOOKS = "https://books.example.org"
DIRECT, PROXIED = False, True

SCHEMES: list[tuple[dict[str, str], str, bool]] = [
    ({}, BOOKS, DIRECT),
    ({"https": PROXY}, BOOKS, PROXIED),
    ({"http": PROXY}, BOOKS, DIRECT),
    ({"http": PROXY}, "http://books.example.org", PROXIED),
    ({"all": PROXY}, BOOKS, PROXIED),
    ({"all": "p.example.net:3128"}, BOOKS, PROXIED),
    ({"all": PROXY}, "http://127.0.0.1:5000", DIRECT),
    ({"all": PROXY}, "http://[::1]:5000", DIRECT),
    ({"all": PROXY}, "http://localhost:5000", DIRECT),
]
EXEMPTIONS: list[tuple[str, str, bool]] = [
    # everything
    ("*", BOOKS, DIRECT),
    ("other.org, *", BOOKS, DIRECT),
    # domains
    ("example.org", BOOKS, DIRECT),
    ("EXAMPLE.org", BOOKS, DIRECT),
    (".example.org, x", BOOKS, DIRECT),
    ("*.example.org", BOOKS, DIRECT),
    ("books.example.org", BOOKS, DIRECT),
    ("x books.example.org", BOOKS, DIRECT),
    ("oks.example.org", BOOKS, PROXIED),
    ("other.org", BOOKS, PROXIED),
    ("a.books.example.org", BOOKS, PROXIED),
    # addresses and networks
    ("10.1.2.3", "https://10.1.2.3", DIRECT),
    ("10.1.2.0/24", "https://10.1.2.3", DIRECT),
    ("10.1.2.7/24", "https://10.1.2.3", DIRECT),
    ("10.1.3.0/24", "https://10.1.2.3", PROXIED),
    ("2.3", "https://10.1.2.3", PROXIED),
    ("fd00::5", "https://[fd00::5]", DIRECT),
    ("[fd00::5]", "https://[fd00::5]", DIRECT),
    ("FD00:0::5", "https://[fd00::5]", DIRECT),
    ("fd00::/8", "https://[fd00::5]", DIRECT),
    ("[fd00::]/8", "https://[fd00::5]", DIRECT),
    ("fe80::/10", "https://[fd00::5]", PROXIED),
    ("::/0", "https://10.1.2.3", PROXIED),
    # ports
    ("example.org:443", BOOKS, DIRECT),
    ("example.org:8443", BOOKS, PROXIED),
    ("example.org:8443", f"{BOOKS}:8443", DIRECT),
    ("10.1.2.0/24:8443", "https://10.1.2.3:8443", DIRECT),
    ("[fd00::5]:443", "https://[fd00::5]", DIRECT),
    ("[fd00::5]:8443", "https://[fd00::5]", PROXIED),
    # schemes
    ("https://books.example.org", BOOKS, DIRECT),
    ("https://books.example.org/", BOOKS, DIRECT),
    ("http://books.example.org", BOOKS, PROXIED),
    ("http://books.example.org", "http://books.example.org", DIRECT),
    ("all://books.example.org", BOOKS, DIRECT),
    ("https://[fd00::5]:443", "https://[fd00::5]", DIRECT),
    # what cannot be read is passed over
    ("", BOOKS, PROXIED),
    (", ,", BOOKS, PROXIED),
    (".", BOOKS, PROXIED),
    ("[fd00::5", "https://[fd00::5]", PROXIED),
    ("10.0.0.0/99, ::ffff/129, [x]:y, ://, https://, http://[, a:b:c", BOOKS, PROXIED),
    ("10.0.0.0/99, ::ffff/129, [x]:y, ://, https://, http://[, example.org", BOOKS, DIRECT),
    ("10.0.0.0/99, fd00::/x, 10.1.2.3", "https://10.1.2.3", DIRECT),
]
TABLE = [*SCHEMES, *(({"all": PROXY, "no": entry}, url, used) for entry, url, used in EXEMPTIONS)]


@pytest.fixture(autouse=True)
def no_proxies(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


@pytest.mark.parametrize(("proxies", "url", "used"), TABLE)
def test_rest_and_socket_take_the_same_proxy(
    proxies: dict[str, str], url: str, used: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in proxies.items():
        monkeypatch.setenv(f"{name}_proxy", value)

    assert (rest_proxy(url), socket_proxy(url)) == (used, used)


def rest_proxy(url: str) -> bool:
    channel = Channel(
        url, auth=None, transport=None, verify=True, retry=Retry(), require_server=lambda: None
    )
    try:
        http: Any = channel._http
        return isinstance(http._transport._transport._pool, httpcore.HTTPProxy)
    finally:
        channel.close()


def socket_proxy(url: str) -> bool:
    """Return whether the library, given our options, uses the proxy."""
    from websocket._http import proxy_info  # noqa: PLC0415 -- the library's own decision
    from websocket._url import get_proxy_info  # noqa: PLC0415

    secure = url.startswith("https")
    options = proxy_info(**proxy_options(url.replace("http", "ws", 1)))
    host = url.split("://")[1].removeprefix("[").partition("]" if "[" in url else ":")[0]
    found = get_proxy_info(
        host, secure, options.proxy_host, options.proxy_port, options.auth, options.no_proxy
    )
    assert found[0] in (None, "p.example.net")
    return found[0] is not None


def test_a_proxy_repr_hides_the_password() -> None:
    proxy = find_proxy({"all": "http://me:s%3Acret@p:1"}, server="https://x.org")

    assert proxy is not None
    assert "cret" not in repr(proxy) + proxy.url
    assert proxy.headers == {"Proxy-Authorization": "Basic bWU6czpjcmV0"}


@pytest.mark.parametrize("url", ["http://", "http://p:port", "http://[::1", "ftp://p:1"])
def test_an_invalid_proxy_is_reported(url: str) -> None:
    with pytest.raises(UsageError):
        find_proxy({"https": url}, server="https://x.org")
