"""Reads and validates parts of a request: identity, JSON fields, headers and query."""

from __future__ import annotations

import json
import re
from typing import Any

from flask import g, request

from fnt.wire import paths
from fnt.wire.errors import ErrorCode
from fnt.wire.job_status import JobStatus
from fnt.wire.structs import WireError
from fnt_server.auth.logins import Identity
from fnt_server.auth.tokens import TokenProblem
from fnt_server.web.io_timeouts import StallGuard
from fnt_server.web.services import services

MAX_JSON_BYTES = 64 * 1024
MAX_IDS = 200


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


def text_field(content: dict[str, Any], name: str, *, max_chars: int) -> str:
    """Return a field that must be a non-empty string; raises WireError naming it."""
    value = content.get(name)
    if not isinstance(value, str) or not 0 < len(value) <= max_chars:
        raise WireError(f"{name} must be a string of 1 to {max_chars} characters")
    return value


def idempotency_key() -> str | None:
    """Return the request's Idempotency-Key, None without one."""
    key = request.headers.get(paths.IDEMPOTENCY_KEY)
    if key is not None and not re.fullmatch(r"[\x20-\x7e]{1,200}", key):
        raise WireError(f"{paths.IDEMPOTENCY_KEY} must be 1 to 200 printable ASCII characters")
    return key


def sha256_or_none(value: object) -> str | None:
    """Return a SHA-256 in hexadecimal as given, None for None."""
    if value is None:
        return None
    if not isinstance(value, str) or not re.fullmatch(r"[0-9a-f]{64}", value):
        raise WireError("sha256 must be 64 hexadecimal digits in lower case")
    return value


def count_or_none(value: object, name: str) -> int | None:
    """Return a non-negative integer as given, None for None."""
    if value is not None and (type(value) is not int or value < 0):
        raise WireError(f"{name} must be a non-negative integer")
    return value if isinstance(value, int) else None


def int_argument(name: str, *, high: int) -> int | None:
    """Return a query argument from 1 to `high`, None without one."""
    text = request.args.get(name)
    if text is None:
        return None
    if not re.fullmatch(r"[0-9]{1,19}", text) or not 1 <= int(text) <= high:
        raise WireError(f"{name} must be 1 to {high}")
    return int(text)


def statuses_argument() -> list[str]:
    """Return the statuses asked for, separated by commas."""
    statuses = [status for status in request.args.get("status", "").split(",") if status]
    if not set(statuses) <= set(JobStatus):
        raise WireError(f"status must be one of: {', '.join(JobStatus)}")
    return statuses


def ids_argument() -> list[int] | None:
    """Return the job ids asked for, separated by commas; None without the argument."""
    text = request.args.get("ids")
    if text is None:
        return None
    ids = text.split(",")
    if len(ids) > MAX_IDS or not all(re.fullmatch(r"[0-9]{1,18}", job_id) for job_id in ids):
        raise WireError(f"ids must be at most {MAX_IDS} comma-separated job ids")
    return [int(job_id) for job_id in ids]
