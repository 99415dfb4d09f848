"""Error responses in the format of the wire; never SQL, a path or a traceback."""

from __future__ import annotations

import logging
from math import ceil
from typing import Any

from flask import Flask, Response, g, jsonify
from werkzeug.exceptions import HTTPException

from fnt.wire.error_codes import ErrorCode
from fnt.wire.responses import error_body
from fnt.wire.structs import WireError
from fnt_server.auth.password_hashing import HashingBusy
from fnt_server.auth.tokens import TokenProblem
from fnt_server.db.connection import UNAVAILABLE
from fnt_server.failure_reasons import reason
from fnt_server.jobs.state import JobRefused
from fnt_server.storage.object_store import FULL, StorageDownError

log = logging.getLogger(__name__)

_TOKEN_MESSAGES = {
    ErrorCode.NOT_LOGGED_IN: "you are not logged in",
    ErrorCode.TOKEN_EXPIRED: "the token has expired",
    ErrorCode.TOKEN_INVALID: "the token is not valid",
}
_HTTP_CODES = {
    400: ErrorCode.BAD_REQUEST,
    404: ErrorCode.NOT_FOUND,
    405: ErrorCode.METHOD_NOT_ALLOWED,
    408: ErrorCode.UPLOAD_TOO_SLOW,
    413: ErrorCode.FILE_TOO_LARGE,
    415: ErrorCode.UNSUPPORTED_MEDIA_TYPE,
    429: ErrorCode.RATE_LIMITED,
}
_REFUSED_STATUS = {
    ErrorCode.JOB_NOT_FOUND: 404,
    ErrorCode.CONFLICT: 409,
    ErrorCode.QUOTA_EXCEEDED: 413,
    ErrorCode.TOO_MANY_JOBS: 429,
    ErrorCode.QUEUE_FULL: 503,
}
INTERNAL_MESSAGE = "internal server error: look up the request id in the server's log"
_HASHING_RETRY_S = 5
_QUEUE_RETRY_S = 5
"""Retry-After of a job that was refused for lack of room."""


class ApiError(Exception):
    """A request refused with a status and a code."""

    def __init__(
        self, status: int, code: ErrorCode, message: str, *, retry_after_s: int | None = None
    ) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.retry_after_s = retry_after_s


def job_not_found() -> ApiError:
    """Return the error for a job that does not exist or is another user's: the same for both."""
    return ApiError(404, ErrorCode.JOB_NOT_FOUND, "job not found")


def file_too_large(max_bytes: int) -> ApiError:
    """Return the error for a file over the limit."""
    message = f"the file is larger than {max_bytes // (1024 * 1024)} MB"
    return ApiError(413, ErrorCode.FILE_TOO_LARGE, message)


def too_many_requests(wait_s: float) -> ApiError:
    """Return the error for a request over a rate limit; `wait_s` is how long it lasts, seconds."""
    return ApiError(
        429,
        ErrorCode.RATE_LIMITED,
        "too many requests: wait a minute",
        retry_after_s=max(1, ceil(wait_s)),
    )


def token_message(code: ErrorCode) -> str:
    """Return a sentence that says why a token is not accepted."""
    return _TOKEN_MESSAGES.get(code, "you are not logged in")


def install(app: Flask) -> None:
    """Turn every exception of a request into an error response."""
    app.register_error_handler(ApiError, _api_error)
    app.register_error_handler(WireError, lambda e: _answer(400, ErrorCode.BAD_REQUEST, str(e)))
    app.register_error_handler(TokenProblem, _token_problem)
    app.register_error_handler(JobRefused, _job_refused)
    app.register_error_handler(HashingBusy, _hashing_busy)
    app.register_error_handler(HTTPException, _http)
    for unavailable in UNAVAILABLE:
        app.register_error_handler(unavailable, _database_unavailable)
    app.register_error_handler(StorageDownError, _storage_down)
    app.register_error_handler(OSError, _os_error)
    app.register_error_handler(Exception, _internal_error)


def _answer(
    status: int, code: str, message: str, *, retry_after_s: int | None = None
) -> tuple[Response, int]:
    encodable = message.encode("utf-8", "replace").decode()  # it may quote a lone surrogate
    response = jsonify(error_body(code, encodable, request_id=g.get("request_id")))
    if retry_after_s is not None:
        response.headers["Retry-After"] = str(retry_after_s)
    return response, status


def _api_error(error: ApiError) -> Any:
    return _answer(error.status, error.code, error.message, retry_after_s=error.retry_after_s)


def _token_problem(error: TokenProblem) -> Any:
    return _answer(401, error.code, token_message(error.code))


def _job_refused(error: JobRefused) -> Any:
    status = _REFUSED_STATUS.get(error.code, 400)
    retry_after_s = _QUEUE_RETRY_S if status in {429, 503} else None
    return _answer(status, error.code, error.message, retry_after_s=retry_after_s)


def _hashing_busy(_error: HashingBusy) -> Any:
    message = "too many logins at once: try again in a moment"
    return _answer(429, ErrorCode.RATE_LIMITED, message, retry_after_s=_HASHING_RETRY_S)


def _http(error: HTTPException) -> Any:
    status = error.code or 500
    code = _HTTP_CODES.get(status, ErrorCode.BAD_REQUEST if status < 500 else ErrorCode.INTERNAL)
    retry_after = 60 if status == 429 else None
    sentence = "too many requests: wait a minute" if status == 429 else error.name.lower()
    return _answer(status, code, sentence, retry_after_s=retry_after)


def _database_unavailable(error: Exception) -> Any:
    log.warning("database unavailable: %s", reason(error))
    message = "the database does not answer: try again in a moment"
    return _answer(503, ErrorCode.UNAVAILABLE, message, retry_after_s=2)


def _storage_down(error: StorageDownError) -> Any:
    log.warning("storage unavailable: %s", error)
    message = "the storage does not answer: try again in a moment"
    return _answer(503, ErrorCode.UNAVAILABLE, message, retry_after_s=5)


def _os_error(error: OSError) -> Any:
    if error.errno in FULL:
        message = "the server's disk is full: try again later"
        return _answer(507, ErrorCode.STORAGE_FULL, message, retry_after_s=60)
    return _internal_error(error)


def _internal_error(error: Exception) -> Any:
    log.error("request failed", exc_info=error)
    return _answer(500, ErrorCode.INTERNAL, INTERNAL_MESSAGE)
