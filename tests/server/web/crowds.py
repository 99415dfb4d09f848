"""Crowds of hostile clients: bare connections from addresses of their own."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from collections.abc import Callable, Iterator

import httpx

from fnt.wire import paths
from server.processes import WebProcess

ANSWERS_WITHIN_S = 2.0
STOPS_WITHIN_S = 20.0
"""After a stop is announced for 2 s, what has not arrived by then is cut off."""


def connect(port: int, *, source: str = "127.0.0.2", read_buffer: int = 0) -> socket.socket:
    """Connect from an address of loopback; `read_buffer` makes it small, bytes."""
    connection = socket.socket()
    if read_buffer:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, read_buffer)
    connection.settimeout(10)
    connection.bind((source, 0))
    connection.connect(("127.0.0.1", port))
    return connection


def post(path: str, *, length: int, kind: str = "application/json", token: str = "") -> bytes:
    """Return the head of a POST."""
    login = f"Authorization: Bearer {token}\r\n" if token else ""
    return (
        f"POST {path} HTTP/1.1\r\nHost: localhost\r\n{login}Content-Type: {kind}\r\n"
        f"Content-Length: {length}\r\n\r\n"
    ).encode()


def get(path: str, *, token: str = "") -> bytes:
    """Return a GET."""
    login = f"Authorization: Bearer {token}\r\n" if token else ""
    return f"GET {path} HTTP/1.1\r\nHost: localhost\r\n{login}\r\n".encode()


@contextlib.contextmanager
def held_clients(
    web: WebProcess, count: int, sent: bytes, *, source: str = "127.0.0.2", read_buffer: int = 0
) -> Iterator[list[socket.socket]]:
    """Let so many clients of one address send this, and stand there."""
    with contextlib.ExitStack() as stack:
        clients = []
        for _ in range(count):
            client = connect(web.port, source=source, read_buffer=read_buffer)
            clients.append(stack.enter_context(client))
            with contextlib.suppress(OSError):
                clients[-1].sendall(sent)
        yield clients


@contextlib.contextmanager
def dribble(clients: list[socket.socket], piece: bytes) -> Iterator[None]:
    """Let every client send a piece, four times a second."""
    ended = threading.Event()

    def send() -> None:
        while not ended.wait(0.25):
            for client in clients:
                with contextlib.suppress(OSError):
                    client.send(piece)

    thread = threading.Thread(target=send)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()


def health_s(web: WebProcess) -> float:
    """Return how long an answer took, in seconds, for somebody else."""
    start = time.monotonic()
    with httpx.Client(trust_env=False, timeout=60) as client:
        client.get(web.url + paths.HEALTH).raise_for_status()
    return time.monotonic() - start


def worst_s(measure: Callable[[], float], *, for_s: float) -> float:
    """Return the longest of what is measured during a time."""
    ends, worst = time.monotonic() + for_s, 0.0
    while time.monotonic() < ends:
        worst = max(worst, measure())
        time.sleep(0.1)
    return worst


HELD = [b"", b"G", post(paths.LOGIN, length=1000) + b"{"]
"""What clients send who send no more."""
HELD_IDS = ["silent", "a byte", "a slow body"]


def received(connection: socket.socket) -> bytes:
    """Return what has arrived, without waiting for more and without taking it."""
    with contextlib.suppress(BlockingIOError, ConnectionError):
        return connection.recv(65536, socket.MSG_PEEK | socket.MSG_DONTWAIT)
    return b""


def final_answer(connection: socket.socket) -> bytes:
    """Read until the server closes."""
    answer = b""
    with contextlib.suppress(ConnectionError):
        while data := connection.recv(65536):
            answer += data
    return answer
