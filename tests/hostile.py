"""A server on the loopback that answers whatever a test wants, byte by byte."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Callable, Iterator

Responder = Callable[[socket.socket, bytes], None]
"""Writes to the connection; gets the head of the request."""


class HostileServer:
    """Takes connections, each in a thread, and lets `answer` do as it likes."""

    def __init__(self, answer: Responder) -> None:
        self._answer = answer
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self.requests: list[bytes] = []
        self.sent_bytes = 0
        self.stopped = threading.Event()
        self._thread = threading.Thread(target=self._accept, daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stop taking connections; those that are open end with their next byte."""
        self.stopped.set()
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join(5)

    def pour(self, connection: socket.socket, piece: bytes, *, pause_s: float = 0.0) -> None:
        """Send the same piece until the client leaves."""
        while not self.stopped.wait(pause_s):
            connection.sendall(piece)
            self.sent_bytes += len(piece)

    def _accept(self) -> None:
        while not self.stopped.is_set():
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=[connection], daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        with connection, contextlib.suppress(OSError):
            connection.settimeout(20)
            while head := _head(connection):
                self.requests.append(head)
                self._answer(connection, head)


def _head(connection: socket.socket) -> bytes:
    head = b""
    while b"\r\n\r\n" not in head:
        piece = connection.recv(65536)
        if not piece:
            return b""
        head += piece
    return head


def answer_of(
    body: bytes, *headers: str, status: str = "200 OK", length: int | None = None
) -> bytes:
    """Return an answer as it goes over the wire."""
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body) if length is None else length}"]
    return "\r\n".join([*lines, *headers, "", ""]).encode() + body


@contextlib.contextmanager
def hostile(
    answer: Callable[[HostileServer, socket.socket, bytes], None],
) -> Iterator[HostileServer]:
    """Run a hostile server for as long as the block runs."""
    servers: list[HostileServer] = []
    server = HostileServer(lambda connection, head: answer(servers[0], connection, head))
    servers.append(server)
    try:
        yield server
    finally:
        server.close()
