"""Streaming multipart parser for the body of an upload: the job id, then the file."""

from __future__ import annotations

import contextlib
import socket
import time
from collections.abc import Generator, Iterator
from typing import Any

from flask import Request
from werkzeug.exceptions import RequestEntityTooLarge, RequestTimeout
from werkzeug.sansio.multipart import Data, Epilogue, Event, Field, File, MultipartDecoder, NeedData

from fnt.wire.error_codes import ErrorCode
from fnt.wire.paths import FILE_FIELD
from fnt_server.concurrency import gevent_active
from fnt_server.web.api.errors import ApiError
from fnt_server.web.request_buffer import MAX_BODY_BYTES

READ_BYTES = 16 * 1024
OVERHEAD_BYTES = 64 * 1024
"""Maximum size of a multipart body besides the file."""
MAX_FIELD_CHARS = 40


class UploadBody:
    """Reads one multipart body in order."""

    def __init__(self, request: Request) -> None:
        boundary = request.mimetype_params.get("boundary", "")
        if request.mimetype != "multipart/form-data" or not boundary:
            raise _bad("the body must be multipart/form-data with a boundary")
        self._stream = request.stream
        self._decoder = MultipartDecoder(
            boundary.encode("latin-1", "replace"), OVERHEAD_BYTES, max_parts=10
        )
        self._events = self._iter_events()
        self._unread_bytes = request.content_length
        self.is_read = False
        """Whether the whole body was received, even if it was rejected."""

    def read_job_id(self) -> int:
        """Return the field `job_id`, which must come before the file; raises ApiError."""
        name, value = "", b""
        for event in self._events:
            match event:
                case File():
                    break
                case Field():
                    name, value = event.name, b""
                case Data() if name == "job_id":
                    value += event.data
                    if len(value) > MAX_FIELD_CHARS:
                        break
                    if not event.more_data and value.isdigit():
                        return int(value)
        raise _bad(f"the field job_id must come first, before {FILE_FIELD}")

    def iter_file(self) -> Iterator[bytes]:
        """Yield the file's bytes as they arrive; raises ApiError."""
        inside = False
        for event in self._events:
            if isinstance(event, File):
                inside = event.name == FILE_FIELD
            elif isinstance(event, Data) and inside:
                yield event.data
                if not event.more_data:
                    return
        raise _bad(f"the field {FILE_FIELD} is missing")

    def finish(self) -> None:
        """Read what follows the file, so that the connection can be reused."""
        for _ in self._events:
            pass

    def close(self) -> None:
        """Stop reading and leave the connection alone."""
        self._events.close()

    def _iter_events(self) -> Generator[Event]:
        while True:
            try:
                data = self._stream.read(READ_BYTES)
            except RequestTimeout:
                message = "the upload was too slow: try again on a better connection"
                raise ApiError(408, ErrorCode.UPLOAD_TOO_SLOW, message) from None
            self._count(data)
            try:
                self._decoder.receive_data(data or None)
                yield from self._iter_decoded()
            except (ValueError, RequestEntityTooLarge):
                raise _bad("the upload was interrupted: send it again") from None
            if not data:
                return

    def _count(self, data: bytes) -> None:
        if self._unread_bytes is not None:
            self._unread_bytes -= len(data)
        self.is_read = not data or self._unread_bytes == 0

    def _iter_decoded(self) -> Iterator[Event]:
        while not isinstance(event := self._decoder.next_event(), NeedData):
            yield event
            if isinstance(event, Epilogue):
                return


def drain(environ: dict[str, Any], *, seconds: float = 3.0) -> None:
    """Discard what a rejected client still sends, or its kernel drops our response.

    Without gevent, this would occupy a thread: the server closes such connections itself. A small
    body has been read already, and its connection stays open.
    """
    is_chunked = bool(environ.get("HTTP_TRANSFER_ENCODING"))
    if not is_chunked and int(environ.get("CONTENT_LENGTH") or 0) <= MAX_BODY_BYTES:
        return
    connection = environ.get("gunicorn.socket")
    if connection is None or not gevent_active():
        return
    ends = time.monotonic() + seconds
    with contextlib.suppress(OSError):
        connection.shutdown(socket.SHUT_WR)
        connection.settimeout(1.0)
        while time.monotonic() < ends and connection.recv(256 * 1024):
            pass


def _bad(message: str) -> ApiError:
    return ApiError(400, ErrorCode.BAD_REQUEST, message)
