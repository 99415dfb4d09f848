"""Why a request cannot be one of a socket."""

from __future__ import annotations

import base64
import binascii
from typing import Any
from urllib.parse import parse_qs

from fnt_server.config.socket_limits import POLLING, WEBSOCKET

Problem = tuple[str, str, tuple[tuple[str, str], ...]]
"""Status, message and headers."""
OTHER_SITES = frozenset({"cross-site", "same-site"})
"""Pages whose requests without an Origin, as for an image, nobody has allowed: they would take the
places of their visitor's address."""


def parameters(environ: dict[str, Any]) -> dict[str, str]:
    """Return the query as the library reads it: the first of each name."""
    found = parse_qs(environ.get("QUERY_STRING", ""))
    return {name: values[0] for name, values in found.items()}


def is_websocket(environ: dict[str, Any]) -> bool:
    """Return whether a request wants to become a WebSocket."""
    return bool(environ.get("HTTP_UPGRADE", "").lower() == "websocket")


def request_problem(environ: dict[str, Any], transports: tuple[str, ...]) -> Problem | None:
    """Return why a request does not match an allowed transport."""
    query = parameters(environ)
    if "HTTP_ORIGIN" not in environ and environ.get("HTTP_SEC_FETCH_SITE") in OTHER_SITES:
        return "403 Forbidden", "pages of other sites may not connect", ()
    if transports == (WEBSOCKET,) and not is_websocket(environ):
        return "400 Bad Request", "only WebSocket connections are accepted", ()
    wanted = WEBSOCKET if is_websocket(environ) else POLLING
    if query.get("transport", POLLING) != wanted or wanted not in transports:
        return "400 Bad Request", f"the transport must be {' or '.join(transports)}", ()
    problem = (handshake_problem if is_websocket(environ) else _polling_problem)(environ)
    if problem is not None:
        return problem
    is_first = "sid" not in query and environ["REQUEST_METHOD"] != "OPTIONS"
    if is_first and query.get("EIO") != "4":
        return "400 Bad Request", "the Engine.IO version must be 4: use socket.io-client 4", ()
    return None


def _polling_problem(environ: dict[str, Any]) -> Problem | None:
    if environ["REQUEST_METHOD"] not in {"GET", "POST", "OPTIONS"}:
        return "405 Method Not Allowed", "method not allowed", (("Allow", "GET, OPTIONS, POST"),)
    if environ.get("HTTP_UPGRADE"):
        return "400 Bad Request", "a connection can only be upgraded to websocket", ()
    if "j" in parameters(environ):
        return "400 Bad Request", "JSONP is not supported", ()
    return None


def handshake_problem(environ: dict[str, Any]) -> Problem | None:
    """Return why this is not a WebSocket handshake (RFC 6455 section 4.2.1)."""
    connection = {word.strip() for word in environ.get("HTTP_CONNECTION", "").lower().split(",")}
    is_upgrade = environ.get("REQUEST_METHOD") == "GET" and "upgrade" in connection
    if not is_upgrade or environ.get("SERVER_PROTOCOL") == "HTTP/1.0":
        return "400 Bad Request", "the WebSocket handshake is not valid", ()
    if environ.get("HTTP_SEC_WEBSOCKET_VERSION", "").strip() != "13":
        versions = (("Sec-WebSocket-Version", "13"),)
        return "426 Upgrade Required", "the WebSocket version must be 13", versions
    try:
        key = base64.b64decode(environ.get("HTTP_SEC_WEBSOCKET_KEY", ""), validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if len(key) != 16:
        return "400 Bad Request", "the WebSocket handshake is not valid", ()
    return None
