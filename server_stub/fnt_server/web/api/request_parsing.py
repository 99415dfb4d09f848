"""Reads and validates parts of a request: identity, JSON fields, headers and query."""

from __future__ import annotations

import json
import re
from typing import Any

from flask import g, request

from fnt.wire import paths
from fnt.wire.errors import ErrorCode
from fnt.wire.structs import WireError
from fnt_server.auth.logins import Identity
from fnt_server.auth.tokens import TokenProblem
from fnt_server.web.io_timeouts import StallGuard
from fnt_server.web.services import services

MAX_JSON_BYTES = 64 * 1024


def bearer() -> str:
    """Return the token of the Authorization header; raises TokenProblem."""
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        raise TokenProblem(ErrorCode.NOT_LOGGED_IN)
    return token.strip()


def require_identity() -> Identity:
    """Return the identity of the request's token; raises TokenProblem."""
    identity = services().authenticator.identify(bearer())
    g.user_id = identity.user_id
    return identity


def json_object() -> dict[str, Any]:
    """Return the body as a JSON object, {} if it is empty; raises WireError."""
    request.max_content_length = MAX_JSON_BYTES
    within_s = services().config.stalled_after_s
    with StallGuard(request.environ.get("gunicorn.socket"), stalled_after_s=within_s):
        body = request.get_data()
    try:
        content = json.loads(body or b"{}", parse_constant=_no_constant)
    except (ValueError, RecursionError):
        raise WireError("the body must be JSON") from None
    if not isinstance(content, dict):
        raise WireError("the body must be a JSON object")
    return content


def _no_constant(name: str) -> None:
    raise ValueError(name)


def idempotency_key() -> str | None:
    """Return the request's Idempotency-Key, None without one."""
    key = request.headers.get(paths.IDEMPOTENCY_KEY)
    if key is not None and not re.fullmatch(r"[\x20-\x7e]{1,200}", key):
        raise WireError(f"{paths.IDEMPOTENCY_KEY} must be 1 to 200 printable ASCII characters")
    return key
