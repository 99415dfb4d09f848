"""Translation of HTTP failures into `FntError` exceptions."""

from __future__ import annotations

import json
import ssl
from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from urllib.parse import urljoin, urlsplit

import httpx

from fnt.api.auth import LOGIN_HINT
from fnt.api.proxy_errors import proxy_error
from fnt.config.settings import is_loopback, normalize_server, origin_of
from fnt.errors import (
    AuthError,
    FntError,
    NotFoundError,
    ProtocolError,
    QuotaError,
    RejectedError,
    SetupError,
    TemporaryError,
    UsageError,
)
from fnt.wire.error_codes import ErrorCode
from fnt.wire.responses import DeviceErrorAnswer, ErrorAnswer
from fnt.wire.structs import WireError

MAX_MESSAGE_CHARS = 500

START_HINT = "start the server with: fnt-server run, or use a personal one: --server local"
DOCTOR_HINT = "diagnose with: fnt doctor"

_BY_STATUS: Mapping[int, type[FntError]] = {
    401: AuthError,
    402: QuotaError,
    404: NotFoundError,
    408: TemporaryError,
    410: NotFoundError,
    425: TemporaryError,
    429: TemporaryError,
}

_BY_CODE: Mapping[str, type[FntError]] = {
    ErrorCode.QUOTA_EXCEEDED: QuotaError,
    ErrorCode.LOGIN_REQUIRED: AuthError,
    ErrorCode.HOST_NOT_ALLOWED: SetupError,
}
"""Codes that share their status with others."""


def error_of(response: httpx.Response, body: bytes) -> FntError:
    """Return the exception for an error response."""
    answer = _read_error(body)
    if answer is None and (proxied := proxy_error(response.status_code)) is not None:
        proxied.retry_after_s = retry_after_s(response.headers.get("Retry-After"))
        return proxied
    code = answer.error_code if isinstance(answer, ErrorAnswer) else None
    kind = _BY_CODE.get(code or "") or _kind(response.status_code)
    message = (answer and answer.error) or f"the server returned {response.status_code}"
    return kind(
        message[:MAX_MESSAGE_CHARS],
        code=code,
        request_id=(isinstance(answer, ErrorAnswer) and answer.request_id) or None,
        hint=_hint(response, kind),
        retry_after_s=retry_after_s(response.headers.get("Retry-After")),
    )


def translated(error: httpx.HTTPError | httpx.InvalidURL, *, server: str) -> FntError:
    """Return the exception for a transport error from httpx."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ssl.SSLCertVerificationError):
            return SetupError(
                f"the certificate of {server} is not trusted: {cause.verify_message}",
                hint="to trust your own CA, pass --ca-file FILE",
            )
        cause = cause.__cause__ or cause.__context__
    if isinstance(error, httpx.TimeoutException):
        return TemporaryError(f"no response from {server}", code="TIMEOUT", hint=DOCTOR_HINT)
    if isinstance(error, httpx.ConnectError):
        reason = _system_error(error)
        words = f"cannot reach {server}" + (f" ({str(reason.strerror).lower()})" if reason else "")
        is_stopped = isinstance(reason, ConnectionRefusedError) and _is_here(server)
        hint = START_HINT if is_stopped else DOCTOR_HINT
        return TemporaryError(words, code="UNREACHABLE", hint=hint)
    if isinstance(error, httpx.TransportError):
        words = f"lost the connection to {server}"
        return TemporaryError(words, code="UNREACHABLE", hint=DOCTOR_HINT)
    return ProtocolError(f"cannot read the response from {server}")


def _system_error(error: BaseException | None) -> OSError | None:
    """Return the first OSError in the exception chain that has a message."""
    while error is not None:
        if isinstance(error, OSError) and error.strerror:
            return error
        error = error.__cause__ or error.__context__
    return None


def _is_here(server: str) -> bool:
    return is_loopback(urlsplit(server).hostname or "")


def retry_after_s(text: str | None) -> float | None:
    """Parse a Retry-After header, given as seconds or as a date, into seconds."""
    if text is None:
        return None
    if text.strip().isdecimal():
        return float(text.strip()[:9])
    try:
        moment = parsedate_to_datetime(text).astimezone(UTC)
    except (ValueError, OverflowError):
        return None
    return max(0.0, (moment - datetime.now(UTC)).total_seconds())


def _kind(status: int) -> type[FntError]:
    if status >= 500:
        return TemporaryError
    return _BY_STATUS.get(status, RejectedError if status >= 400 else ProtocolError)


def _hint(response: httpx.Response, kind: type[FntError]) -> str | None:
    if kind is AuthError:
        return LOGIN_HINT
    location = response.headers.get("Location")
    return redirect_hint(location, server=str(response.url)) if location else None


def redirect_hint(location: str, *, server: str) -> str:
    """Return what to do about a redirect, naming nothing but another origin of the same host."""
    with suppress(UsageError, ValueError):
        here, target = urlsplit(server), urlsplit(urljoin(server, location))
        if target.hostname == here.hostname and target.scheme in ("http", "https"):
            host = target.netloc.rpartition("@")[2]
            origin = normalize_server(f"{target.scheme}://{host}", insecure_http=True)
            if origin != origin_of(server):
                return f"it redirects to {origin}; pass that as --server"
            return "it redirects to another path; check the path of --server"
    return "it redirects to another host; ask whoever runs it for the new address"


def _read_error(body: bytes) -> ErrorAnswer | DeviceErrorAnswer | None:
    """Read an error body; None for any other body, such as HTML."""
    with suppress(ValueError, RecursionError):
        values = json.loads(body)
        with suppress(WireError):
            return ErrorAnswer.from_wire(values)
        return DeviceErrorAnswer.from_wire(values)
    return None
