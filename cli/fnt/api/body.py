"""Limits on the body of a response, even when the HTTP library reads it itself."""

from __future__ import annotations

import zlib
from collections.abc import Iterator

import httpx

from fnt.errors import ProtocolError

MAX_ANSWER_BYTES = 16 * 1024 * 1024
MOST_BYTES = "most_bytes"
"""A request's extension: bytes of its response, decompressed, if not `MAX_ANSWER_BYTES`."""
ACCEPT_ENCODING = "gzip"
GZIP_WINDOW = zlib.MAX_WBITS | 16
PIECE_BYTES = 64 * 1024


class LimitedTransport(httpx.BaseTransport):
    """Decompresses responses a little at a time and raises ProtocolError for one too large.

    The library decompresses whatever has arrived at once, layer by layer: 64 KB become 64 MB.
    """

    def __init__(self, transport: httpx.BaseTransport) -> None:
        self._transport = transport

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Send a request and return its response, without a content encoding."""
        response = self._transport.handle_request(request)
        headers = response.headers.copy()
        encoding = headers.pop("Content-Encoding", "").strip().lower()
        if encoding not in ("", "identity", ACCEPT_ENCODING):
            response.close()
            raise ProtocolError(f"the server's response is encoded as {encoding[:40]}")
        is_packed = encoding == ACCEPT_ENCODING
        if is_packed:
            headers.pop("Content-Length", None)
        return httpx.Response(
            response.status_code,
            headers=headers,
            stream=_LimitedStream(
                response,
                is_packed=is_packed,
                most_bytes=request.extensions.get(MOST_BYTES, MAX_ANSWER_BYTES),
            ),
            extensions=response.extensions,
        )

    def close(self) -> None:
        """Close all connections."""
        self._transport.close()


class _LimitedStream(httpx.SyncByteStream):
    def __init__(self, response: httpx.Response, *, is_packed: bool, most_bytes: int) -> None:
        self._response = response
        self._is_packed = is_packed
        self._most_bytes = most_bytes

    def __iter__(self) -> Iterator[bytes]:
        stream = self._response.stream
        assert isinstance(stream, httpx.SyncByteStream)
        left = self._most_bytes
        for piece in _decompressed(stream) if self._is_packed else stream:
            left -= len(piece)
            if left < 0:
                raise ProtocolError("the server's response is too large")
            yield piece

    def close(self) -> None:
        self._response.close()


def _decompressed(pieces: httpx.SyncByteStream) -> Iterator[bytes]:
    decoder = None
    try:
        for piece in pieces:
            rest = piece
            while rest:
                decoder = decoder or zlib.decompressobj(GZIP_WINDOW)
                yield decoder.decompress(rest, PIECE_BYTES)
                rest = decoder.unused_data if decoder.eof else decoder.unconsumed_tail
                decoder = None if decoder.eof else decoder
        if decoder is not None:
            yield decoder.flush()
            if not decoder.eof:
                raise ProtocolError("the server's response is incomplete")
    except zlib.error as error:
        raise ProtocolError("the server's response cannot be decompressed") from error
