"""Refuses requests that use a host name which is not the server's (DNS rebinding).

To a browser, a page of another site that points its own name at this machine has the server's
origin. No such page can use an address, or `localhost`, as its name.
"""

from __future__ import annotations

import ipaddress
import logging
import re
from collections.abc import Iterable
from typing import Any

from fnt.wire.error_codes import ErrorCode
from fnt_server.config.allowed_hosts import ANY
from fnt_server.web.request_limits import StartResponse, refuse

log = logging.getLogger(__name__)

_HOST = re.compile(r"(?:\[([0-9a-f:.]+)\]|([a-z0-9._-]+))(?::[0-9]*)?")
"""A name or address, perhaps with a port; what stands elsewhere in a URL is no host."""
MESSAGE = (
    "this server does not answer to that host name: "
    "behind a proxy, set FNT_PROXIES; otherwise, list the name in FNT_ALLOWED_HOSTS"
)


class HostCheck:
    """WSGI middleware; comes before whatever counts requests."""

    def __init__(self, app: Any, *, allowed: tuple[str, ...]) -> None:
        self._app = app
        self._allowed = allowed

    def __call__(self, environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
        """Answer a request."""
        if is_allowed(environ.get("HTTP_HOST", ""), self._allowed):
            answer: Iterable[bytes] = self._app(environ, start_response)
            return answer
        # Some clients, such as socket.io-client, do not show what they are answered.
        log.warning("request refused: %s", MESSAGE)
        return refuse(start_response, "403 Forbidden", ErrorCode.HOST_NOT_ALLOWED, MESSAGE)


def is_allowed(host: str, allowed: tuple[str, ...]) -> bool:
    """Return whether a request may have this `Host`; one without it comes from no browser."""
    if not host or ANY in allowed:
        return True
    found = _HOST.fullmatch(host.lower())
    if found is None:
        return False
    name = (found[1] or found[2]).removesuffix(".")
    return (
        name in allowed or name == "localhost" or name.endswith(".localhost") or _is_address(name)
    )


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True
