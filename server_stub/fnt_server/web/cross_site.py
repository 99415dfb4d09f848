"""What a page of another site must not do with its visitor's browser.

Browsers send some requests to any site without asking it (in CORS, "simple requests"). They carry
no token, but would use up what the visitor's address may guess and ask for. So a request that may
change something is refused, before it is counted, if a foreign page sent it or if its body is of a
kind that such pages may send.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from flask import Flask, request

from fnt.wire.error_codes import ErrorCode
from fnt_server.web.api.errors import ApiError

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
JSON = "application/json"
FORM = "application/x-www-form-urlencoded"
BODIES: Mapping[str, tuple[str, ...]] = {
    "device.code": (FORM, JSON),
    "device.token": (FORM, JSON),
    "page.submit": (FORM, "multipart/form-data"),
    "upload.process_pdf": (),
}
"""Media types of bodies by endpoint, if not JSON; empty if the view looks at it itself."""

OriginRule = Callable[[str | None, Mapping[str, Any]], bool]


def origin_rule(allowed: tuple[str, ...]) -> OriginRule:
    """Allow clients without Origin, the server's own origin, and those configured.

    Forwarded headers are ignored: any client can send them.
    """

    def is_allowed(origin: str | None, environ: Mapping[str, Any]) -> bool:
        own = f"{environ.get('wsgi.url_scheme')}://{environ.get('HTTP_HOST')}"
        return origin is None or origin == own or origin in allowed

    return is_allowed


def install(app: Flask, *, is_allowed: OriginRule) -> None:
    """Refuse such requests with 403 or 415; comes before whatever counts requests."""

    @app.before_request
    def refuse() -> None:
        if request.method in SAFE_METHODS or request.endpoint is None:
            return
        if _is_foreign(is_allowed):
            message = "pages of other sites may not send this"
            raise ApiError(403, ErrorCode.ORIGIN_NOT_ALLOWED, message)
        accepted = BODIES.get(request.endpoint, (JSON,))
        has_body = request.content_length or "Transfer-Encoding" in request.headers
        if accepted and (has_body or request.content_type) and request.mimetype not in accepted:
            message = f"the body must be sent with Content-Type: {accepted[0]}"
            raise ApiError(415, ErrorCode.UNSUPPORTED_MEDIA_TYPE, message)


def _is_foreign(is_allowed: OriginRule) -> bool:
    """Return whether a browser says that a page of another origin sent a request.

    `Sec-Fetch-Site` knows better than we do which origin is ours, if a proxy ends TLS.
    """
    if request.headers.get("Sec-Fetch-Site") in ("same-origin", "none"):
        return False
    origin = request.headers.get("Origin")
    if origin is None:
        return "Sec-Fetch-Site" in request.headers
    return not is_allowed(origin, request.environ)
