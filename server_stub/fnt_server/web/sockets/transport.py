"""The WebSocket transport: limits on messages, and how to close."""

from __future__ import annotations

import contextlib
import logging
import os
import selectors
import socket
import threading
import time
from typing import Any

import simple_websocket
from engineio.async_drivers._websocket_wsgi import SimpleWebSocketWSGI
from engineio.packet import Packet
from wsproto.events import TextMessage
from wsproto.utilities import LocalProtocolError

from fnt_server.web.fair_dispatch import end_turn
from fnt_server.web.protocol_errors import BAD_REQUEST, send_answer
from fnt_server.web.sockets.event_limits import MAX_UNANSWERED, MAX_UNANSWERED_BYTES
from fnt_server.web.sockets.handshakes import HANDSHAKE, Handshake

log = logging.getLogger(__name__)

MAX_PACKET_BYTES = 64 * 1024
RECEIVE_COST = 10.0
"""What counts for data without a message, such as a flood of control frames."""
PONG = "3"


class _NoThread(threading.Thread):
    """Never started."""

    def start(self) -> None:
        """Do nothing."""


class _Reader(simple_websocket.Server):  # type: ignore[misc]  # it has no types
    """Reads in the thread that waits for a message, no faster than its client may send.

    The library would read in a second thread: a quarter of a socket's memory, and an unbounded
    buffer if a client sends faster than we process.
    """

    connected: bool
    input_buffer: list[str | bytes]

    def receive(self, timeout: float | None = None) -> Any:
        """Return the next message; raises ConnectionClosed."""
        while self.connected and not self.input_buffer:
            self._read()
            if not self.input_buffer:
                self._wait(RECEIVE_COST)
        if self.input_buffer:
            self._wait(1.0)
        return super().receive(timeout)

    def _read(self) -> None:
        try:
            data = self.sock.recv(self.receive_bytes)
            if not data:
                raise ConnectionResetError
            self.ws.receive_data(data)
            self.connected = self._handle_events()
        except (OSError, LocalProtocolError):
            self.connected = False

    def _wait(self, cost: float) -> None:
        """Wait until the client may send this; meanwhile count what it sends all the same."""
        handshake: Handshake = self.environ[HANDSHAKE]
        ends = time.monotonic() + handshake.reserve(cost)
        while self.connected and (left_s := ends - time.monotonic()) > 0:
            waiting = len(self.input_buffer)
            if _is_readable(self.sock, left_s):
                self._read()
            if len(self.input_buffer) == waiting:
                time.sleep(max(0.0, ends - time.monotonic()))
                return
            self.input_buffer.sort(key=lambda message: message != PONG)  # or the ping times out
            size = sum(map(len, self.input_buffer))
            if len(self.input_buffer) > MAX_UNANSWERED or size > MAX_UNANSWERED_BYTES:
                self.input_buffer.clear()
                self.connected = False
                handshake.block()


def _written(connection: socket.socket, data: bytes) -> int:
    """Write without waiting; returns the number of bytes the connection took."""
    try:
        if os.get_blocking(connection.fileno()):
            return connection.send(data, socket.MSG_DONTWAIT)
        return os.write(connection.fileno(), data)  # gevent's own would wait
    except OSError:  # full, or lost, which the writer will find
        return 0


def _is_readable(connection: socket.socket, within_s: float) -> bool:
    with selectors.DefaultSelector() as selector:
        selector.register(connection, selectors.EVENT_READ)
        return bool(selector.select(within_s))


class Unsent(bytes):
    """The rest of a frame that its connection did not take at once; stands in for a packet."""

    def encode(self) -> Unsent:  # as the library's writer asks a packet
        """Return the bytes to send."""
        return self


class BoundedWebSocket(SimpleWebSocketWSGI):  # type: ignore[misc]  # engineio has no types
    """A websocket with a message size limit, whose close does not wait for the peer."""

    def __init__(self, handler: Any, server: Any) -> None:
        super().__init__(handler, server, max_message_size=MAX_PACKET_BYTES, thread_class=_NoThread)

    def __call__(self, environ: dict[str, Any], _start_response: Any) -> Any:
        """Run the websocket on the request's connection."""
        try:
            self.ws = _Reader(environ, **self.server_args)
        except Exception as error:  # of any kind, for an extension that cannot be read
            log.warning("invalid handshake: %s", type(error).__name__)
            send_answer(environ["gunicorn.socket"], BAD_REQUEST)
            raise StopIteration from None
        session = environ[HANDSHAKE].session
        try:
            self.app(self)
        except Exception as error:  # of any kind, for a packet that cannot be read
            log.warning("invalid packet: %s", type(error).__name__)
            session.upgrading = False
        if session.upgraded:
            session.close(abort=True)
        self.close()
        raise StopIteration  # tells gunicorn that there is no response to send

    def send(self, message: Any) -> None:
        """Send a message, or the rest of a frame."""
        if isinstance(message, Unsent):
            self.ws.sock.sendall(message)
        else:
            super().send(message)

    def send_now(self, packet: Packet) -> Packet | Unsent | None:
        """Send what the connection takes without waiting; returns what is left to send."""
        if not self.ws.connected:
            return packet
        try:
            frame = self.ws.ws.send(TextMessage(packet.encode()))
        except LocalProtocolError:  # it has begun to close
            return packet
        return Unsent(frame[_written(self.ws.sock, frame) :])

    def wait(self) -> Any:
        """Wait for a packet; None when the connection has ended."""
        end_turn()
        handshake: Handshake = self.ws.environ[HANDSHAKE]
        if handshake.session.upgraded:
            handshake.upgraded()
            handshake.session.websocket = self
        return super().wait()

    def close(self) -> None:
        """Close without waiting for the peer; the worker discards what it still sends."""
        with contextlib.suppress(OSError):
            super().close()
        with contextlib.suppress(OSError):
            self.ws.sock.shutdown(socket.SHUT_WR)
