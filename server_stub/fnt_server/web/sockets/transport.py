"""The WebSocket transport: limits on handshakes and message sizes, and how to close."""

from __future__ import annotations

import contextlib
import json
import socket
import threading
from collections.abc import Iterable
from typing import Any

import simple_websocket
from engineio.async_drivers._websocket_wsgi import SimpleWebSocketWSGI
from wsproto.utilities import LocalProtocolError

from fnt.wire.errors import ErrorCode
from fnt.wire.events import SOCKET_PATH
from fnt.wire.responses import error_body

MAX_PACKET_BYTES = 64 * 1024
HANDSHAKE_SLOTS = 16
"""Sockets beyond the limit that may complete the handshake, to receive a BUSY error."""
UNHEARD_AFTER_MS = 15_000
"""A peer that acknowledges nothing for this long is considered gone."""


class _NoThread(threading.Thread):
    """Never started."""

    def start(self) -> None:
        """Do nothing."""


class _Reader(simple_websocket.Server):  # type: ignore[misc]  # it has no types
    """Reads in the thread that waits for a message.

    The library would read in a second thread: a quarter of a socket's memory, and an unbounded
    buffer if a client sends faster than we process.
    """

    connected: bool

    def receive(self, timeout: float | None = None) -> Any:
        """Return the next message; raises ConnectionClosed."""
        while self.connected and not self.input_buffer:
            try:
                data = self.sock.recv(self.receive_bytes)
                if not data:
                    raise ConnectionResetError
                self.ws.receive_data(data)
                self.connected = self._handle_events()
            except (OSError, LocalProtocolError):
                self.connected = False
        return super().receive(timeout)


class BoundedWebSocket(SimpleWebSocketWSGI):  # type: ignore[misc]  # engineio has no types
    """A websocket with a message size limit, whose close does not wait for the peer."""

    def __init__(self, handler: Any, server: Any) -> None:
        super().__init__(handler, server, max_message_size=MAX_PACKET_BYTES, thread_class=_NoThread)

    def __call__(self, environ: dict[str, Any], _start_response: Any) -> Any:
        """Run the websocket on the request's connection."""
        connection = environ.get("gunicorn.socket")
        option = getattr(socket, "TCP_USER_TIMEOUT", None)  # Linux
        if connection is not None and option is not None:
            with contextlib.suppress(OSError):
                connection.setsockopt(socket.IPPROTO_TCP, option, UNHEARD_AFTER_MS)
        self.ws = _Reader(environ, **self.server_args)
        self.app(self)
        raise StopIteration  # tells gunicorn that there is no response to send

    def close(self) -> None:
        """Close and shut down: a silent peer would occupy its thread forever."""
        with contextlib.suppress(OSError):
            super().close()
        with contextlib.suppress(OSError):
            self.ws.sock.shutdown(socket.SHUT_RDWR)


class SocketLimitMiddleware:
    """Keeps socket requests below the number of threads, so that REST always answers."""

    def __init__(self, app: Any, *, max_sockets: int) -> None:
        self._app = app
        self._slots = threading.BoundedSemaphore(max_sockets)

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        """Answer a request; a socket's only while a slot is free."""
        if not environ.get("PATH_INFO", "").startswith(SOCKET_PATH.rstrip("/")):
            answer: Iterable[bytes] = self._app(environ, start_response)
            return answer
        if not self._slots.acquire(blocking=False):
            return _busy(start_response)
        try:
            return list(self._app(environ, start_response))
        finally:
            self._slots.release()


def _busy(start_response: Any) -> Iterable[bytes]:
    body = json.dumps(error_body(ErrorCode.BUSY, "too many live connections")).encode()
    headers = [("Content-Type", "application/json"), ("Retry-After", "5")]
    start_response("503 Service Unavailable", headers)
    return [body]
