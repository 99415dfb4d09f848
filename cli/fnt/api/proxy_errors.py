"""Refusals that no fnt-server wrote: those of a proxy in front of it, usually in HTML."""

from __future__ import annotations

from collections.abc import Mapping

from fnt.errors import FntError, RejectedError, SetupError, TemporaryError

RAISE_LIMIT = "raise the limit of the proxy above FNT_MAX_UPLOAD_MB; in nginx: client_max_body_size"
ASK_OPERATOR = "ask whoever runs the proxy to let fnt through"
SERVER_DOWN = "is fnt-server running behind it? check with: fnt doctor"

_BY_STATUS: Mapping[int, tuple[type[FntError], str, str | None]] = {
    403: (SetupError, "a proxy refused the request", ASK_OPERATOR),
    407: (
        SetupError,
        "a proxy wants a login",
        "set HTTPS_PROXY or HTTP_PROXY to http://USER:PASSWORD@HOST:PORT",
    ),
    411: (SetupError, "a proxy requires the length of the request in advance", ASK_OPERATOR),
    413: (RejectedError, "a proxy refused the file because of its size", RAISE_LIMIT),
    429: (TemporaryError, "a proxy limits the number of requests", None),
    502: (TemporaryError, "a proxy cannot reach the server", SERVER_DOWN),
    503: (TemporaryError, "a proxy has no server available", SERVER_DOWN),
    504: (TemporaryError, "a proxy got no answer from the server in time", SERVER_DOWN),
}


def proxy_error(status: int) -> FntError | None:
    """Return the exception for an error response that is not in the server's format, if known."""
    if status not in _BY_STATUS:
        return None
    kind, words, hint = _BY_STATUS[status]
    return kind(f"{words} ({status})", hint=hint)
