"""JobStream against a server that floods or trickles: over a real connection."""

from __future__ import annotations

import base64
import hashlib
import re
import socket
import time
import tracemalloc
from queue import SimpleQueue
from typing import Any

import pytest

from fnt.errors import TemporaryError
from fnt.stream import Disconnected, JobStream, socketio_client
from fnt.stream.events import retry_in_s
from fnt.stream.frames import MAX_MESSAGE_BYTES
from hostile import HostileServer, hostile

pytestmark = pytest.mark.timeout(60)

MEBIBYTE = 1024 * 1024
OPEN = b'0{"sid":"a","upgrades":[],"pingInterval":25000,"pingTimeout":20000}'


class Tokens:
    """One token, for ever."""

    def current_token(self) -> str:
        return "token"

    def renewed_token(self, refused: str) -> str:
        return refused


def upgrade(connection: socket.socket, head: bytes) -> None:
    """Answer a websocket's handshake, and let the client in."""
    key = re.search(rb"(?i)sec-websocket-key: (\S+)", head)
    assert key
    mark = key[1] + b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
    accept = base64.b64encode(hashlib.sha1(mark, usedforsecurity=False).digest())
    connection.sendall(
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        b"Sec-WebSocket-Accept: " + accept + b"\r\n\r\n"
    )
    connection.sendall(text_frame(OPEN))
    connection.recv(65536)
    connection.sendall(text_frame(b'40{"sid":"b"}'))
    connection.recv(65536)  # a join


def text_frame(text: bytes) -> bytes:
    return bytes([0x81, len(text)]) + text


def endless_frame(server: HostileServer, connection: socket.socket, head: bytes) -> None:
    upgrade(connection, head)
    connection.sendall(bytes([0x82, 127]) + (2**40).to_bytes(8))
    server.pour(connection, bytes(MEBIBYTE))


def endless_message(server: HostileServer, connection: socket.socket, head: bytes) -> None:
    upgrade(connection, head)
    connection.sendall(bytes([0x02, 127]) + (65536).to_bytes(8) + bytes(65536))
    server.pour(connection, bytes([0x00, 127]) + (65536).to_bytes(8) + bytes(65536))


@pytest.mark.parametrize("attack", [endless_frame, endless_message])
def test_a_flood_ends_the_connection_in_little_memory(attack: Any) -> None:
    inbox: SimpleQueue[Any] = SimpleQueue()
    with hostile(attack) as server:
        stream = JobStream(server.url, tokens=Tokens(), inbox=inbox)
        tracemalloc.start()
        stream.connect(5)
        stream.join(1)
        event = inbox.get(timeout=10)
        peak_bytes = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        stream.close()

    assert isinstance(event, Disconnected)
    assert peak_bytes < 32 * MAX_MESSAGE_BYTES


def test_a_handshake_that_trickles_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(socketio_client, "HANDSHAKE_S", 0.5)

    def trickle(server: HostileServer, connection: socket.socket, _: bytes) -> None:
        connection.sendall(b"HTTP/1.1 101 Switching Protocols\r\nX: ")
        server.pour(connection, b"y", pause_s=0.02)

    began = time.monotonic()
    with hostile(trickle) as server, pytest.raises(TemporaryError):
        JobStream(server.url, tokens=Tokens(), inbox=SimpleQueue()).connect(5)

    assert time.monotonic() - began < 10


@pytest.mark.parametrize("value", [10**400, float("nan"), float("inf"), "3", None, [3]])
def test_a_wait_that_is_none(value: object) -> None:
    assert retry_in_s({"retry_in": value}) is None
