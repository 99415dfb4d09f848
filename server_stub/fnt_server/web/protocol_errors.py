"""Answers in the format of the wire to what never becomes a request of the app."""

from __future__ import annotations

import contextlib
import json
import logging
import socket
from http import HTTPStatus
from typing import Any

from gunicorn.http import errors

from fnt.wire.error_codes import ErrorCode
from fnt.wire.responses import error_body

log = logging.getLogger(__name__)

BUSY_MESSAGE = "too many requests at once: try again in a moment"

Rejection = tuple[int, ErrorCode, str]
BAD_REQUEST: Rejection = (400, ErrorCode.BAD_REQUEST, "the request is not valid HTTP")
TOO_SLOW: Rejection = (408, ErrorCode.UPLOAD_TOO_SLOW, "the request arrived too slowly: try again")
HEAD_TOO_LARGE: Rejection = (431, ErrorCode.BAD_REQUEST, "the request's headers are too large")
BUSY: Rejection = (503, ErrorCode.BUSY, BUSY_MESSAGE)
INTERNAL: Rejection = (500, ErrorCode.INTERNAL, "internal server error: see the server's log")

_ANSWERS: dict[type[Exception], Rejection] = {
    errors.LimitRequestLine: (414, ErrorCode.BAD_REQUEST, "the request's URL is too long"),
    errors.LimitRequestHeaders: HEAD_TOO_LARGE,
    errors.ExpectationFailed: (417, ErrorCode.BAD_REQUEST, "Expect can only be 100-continue"),
    errors.UnsupportedTransferCoding: (
        501,
        ErrorCode.BAD_REQUEST,
        "the only transfer coding is chunked",
    ),
}


def answer_to(error: BaseException) -> Rejection:
    """Return the answer to a request on which gunicorn raised this."""
    if isinstance(error, (errors.InvalidResponseHeader, errors.InvalidResponseHeaderName)):
        return INTERNAL
    known = _ANSWERS.get(type(error))  # type: ignore[arg-type]
    if known is not None:
        return known
    return BAD_REQUEST if isinstance(error, errors.ParseException) else INTERNAL


def send_answer(connection: socket.socket, answer: Rejection) -> None:
    """Send an answer after which the connection is closed; never waits for the client."""
    status, code, message = answer
    body = json.dumps(error_body(code, message)).encode()
    head = (
        f"HTTP/1.1 {status} {HTTPStatus(status).phrase}\r\nConnection: close\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    with contextlib.suppress(OSError):
        connection.setblocking(False)
        connection.send(head.encode() + body)


class JsonErrors:
    """Mixed into a gunicorn worker: what it cannot parse is answered as the app would."""

    def handle_error(self, _request: Any, client: socket.socket, _address: Any, error: Any) -> None:
        """Answer a request that failed outside the app."""
        answer = answer_to(error)
        if answer is INTERNAL:
            log.error("request failed", exc_info=error)
        else:
            log.warning("invalid request: %s", type(error).__name__)
        send_answer(client, answer)
