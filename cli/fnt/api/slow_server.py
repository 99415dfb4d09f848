"""A floor for the rate of an answer: who sends a byte now and then would hold the client for ever.

The timeouts of the HTTP library begin anew with each byte, in the head of an answer too.
"""

from __future__ import annotations

import math
import ssl
import time
from collections.abc import Iterable
from typing import Any

import httpcore
import httpx

from fnt.api.http_timeouts import SIGNAL_CHECK_S, SLOW_WINDOW_BYTES, SLOW_WINDOW_S


def refuse_slow_servers(transport: httpx.HTTPTransport) -> httpx.HTTPTransport:
    """Let reading from connections of this transport raise ReadTimeout below the floor."""
    pool = transport._pool
    pool._network_backend = _Backend(pool._network_backend)
    return transport


class _Backend(httpcore.NetworkBackend):
    def __init__(self, backend: httpcore.NetworkBackend) -> None:
        self._backend = backend

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        return _Stream(
            self._backend.connect_tcp(host, port, timeout, local_address, socket_options)
        )


class _Stream(httpcore.NetworkStream):
    def __init__(self, stream: httpcore.NetworkStream) -> None:
        self._stream = stream
        self._is_answered = False
        self._waited_s = 0.0
        self._received = 0

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        asked_at = time.monotonic()
        piece = self._read_briefly(max_bytes, timeout)
        if self._is_answered:
            self._waited_s += time.monotonic() - asked_at
        self._is_answered = True
        self._received += len(piece)
        if piece and self._waited_s >= SLOW_WINDOW_S:
            if self._received < SLOW_WINDOW_BYTES:
                raise httpcore.ReadTimeout("the answer is too slow")
            self._begin(is_answered=True)
        return piece

    def _read_briefly(self, max_bytes: int, timeout: float | None) -> bytes:
        """Read within the timeout, in short calls.

        Python handles a signal that arrives just before a blocking call when that call returns.
        """
        ends_at = math.inf if timeout is None else time.monotonic() + timeout
        while True:
            left_s = max(ends_at - time.monotonic(), 0)
            try:
                return self._stream.read(max_bytes, min(left_s, SIGNAL_CHECK_S))
            except httpcore.ReadTimeout:
                if left_s <= SIGNAL_CHECK_S:
                    raise

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._begin(is_answered=False)
        self._stream.write(buffer, timeout)

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> httpcore.NetworkStream:
        return _Stream(self._stream.start_tls(ssl_context, server_hostname, timeout))

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)

    def _begin(self, *, is_answered: bool) -> None:
        self._is_answered = is_answered
        self._waited_s = 0.0
        self._received = 0
