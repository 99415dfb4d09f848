"""Reads and validates parts of a request: identity, JSON fields, headers and query."""

from __future__ import annotations

import json
import re
from typing import Any

from flask import g, request

from fnt.wire import paths
from fnt.wire.error_codes import ErrorCode
from fnt.wire.structs import WireError
from fnt_server.auth.logins import Identity
from fnt_server.auth.tokens import TokenProblem
from fnt_server.web.api.errors import ApiError
from fnt_server.web.protocol_errors import BUSY_MESSAGE
from fnt_server.web.request_limits import RETRY_AFTER_S, RUNNING
from fnt_server.web.services import services

MAX_JSON_BYTES = 64 * 1024


def bearer() -> str:
    """Return the token of the Authorization header; raises TokenProblem."""
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        raise TokenProblem(ErrorCode.NOT_LOGGED_IN)
    return token.strip()


def require_identity() -> Identity:
    """Return the identity of the request's token; raises TokenProblem, or ApiError (BUSY)."""
    identity = services().authenticator.identify(bearer())
    if not request.environ[RUNNING].identify(identity.user_id):
        raise _busy()
    g.user_id = identity.user_id
    return identity


def begin_transfer() -> None:
    """Count the request, whose user is known, as a transfer of a file; raises ApiError (BUSY)."""
    if not request.environ[RUNNING].begin_transfer(g.user_id):
        raise _busy()


def _busy() -> ApiError:
    return ApiError(503, ErrorCode.BUSY, BUSY_MESSAGE, retry_after_s=RETRY_AFTER_S)


def require_login() -> Identity:
    """Return the identity of a login; a personal token has no power over the account (403)."""
    identity = require_identity()
    if identity.login_id is None:
        message = "a personal token has no power over the account: log in"
        raise ApiError(403, ErrorCode.LOGIN_REQUIRED, message)
    return identity


def json_object() -> dict[str, Any]:
    """Return the body as a JSON object, {} if it is empty; raises WireError."""
    request.max_content_length = MAX_JSON_BYTES
    try:
        content = json.loads(request.get_data() or b"{}", parse_constant=_no_constant)
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
