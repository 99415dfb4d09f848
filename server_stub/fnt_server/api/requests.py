"""What every endpoint reads from a request: who is asking, and a JSON object."""

from __future__ import annotations

import json
from typing import Any

from flask import g, request

from fnt.wire.errors import ErrorCode
from fnt.wire.jobs import WireError
from fnt_server.accounts import Identity
from fnt_server.services import services
from fnt_server.stall import StallGuard
from fnt_server.tokens import TokenProblem

MAX_JSON_BYTES = 64 * 1024


def bearer() -> str:
    """Return the token of the Authorization header; raises TokenProblem."""
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        raise TokenProblem(ErrorCode.NOT_LOGGED_IN)
    return token.strip()


def require_identity() -> Identity:
    """Tell who is asking; raises TokenProblem."""
    identity = services().accounts.identify(bearer())
    g.user_id = identity.user_id
    return identity


def json_object() -> dict[str, Any]:
    """Return the body as a JSON object, {} where it is empty; raises WireError."""
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


def text_field(content: dict[str, Any], name: str, *, max_chars: int) -> str:
    """Return a field that must be a non-empty string; raises WireError naming it."""
    value = content.get(name)
    if not isinstance(value, str) or not 0 < len(value) <= max_chars:
        raise WireError(f"{name} must be a string of 1 to {max_chars} characters")
    return value
