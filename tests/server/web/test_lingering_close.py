"""How connections end: with a client whose window is full."""

from __future__ import annotations

import queue
import socket
import threading
from contextlib import ExitStack, closing
from functools import partial

import pytest

from fnt_server.web import lingering_close
from fnt_server.web.lingering_close import MAX_LINGERING, LingeringCloser, hang_up

HERE, ELSEWHERE = "192.0.2.1", "198.51.100.1"


def connected() -> tuple[socket.socket, socket.socket]:
    with closing(socket.create_server(("127.0.0.1", 0))) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 100_000)
        client = socket.create_connection(listener.getsockname())
        return client, listener.accept()[0]


def fill(client: socket.socket) -> None:
    """Send until there is no room for more, and for longer than the first probes of the window."""
    client.settimeout(1)
    with pytest.raises(TimeoutError):
        while True:
            client.sendall(b"x" * 65536)


@pytest.mark.parametrize("is_hung_up", [True, False])
def test_a_client_with_a_full_window_learns_of_the_end(is_hung_up: bool) -> None:
    client, server = connected()
    closed = threading.Event()
    with closing(client):
        fill(client)
        if is_hung_up:
            hang_up(server)

        LingeringCloser().close(server, HERE, closed.set)

        client.settimeout(10)
        with pytest.raises((BrokenPipeError, ConnectionResetError)):
            while True:
                client.sendall(b"x" * 65536)
        assert closed.wait(10)


def test_what_was_answered_arrives_although_the_request_was_not_read() -> None:
    client, server = connected()
    closed = threading.Event()
    with closing(client):
        client.sendall(b"x" * 100_000)
        server.sendall(b"answer")

        LingeringCloser().close(server, HERE, closed.set)

        client.settimeout(10)
        assert client.recv(100) == b"answer"
        assert client.recv(100) == b""
        assert not closed.is_set()
    assert closed.wait(10)


def test_a_connection_that_is_closed_twice_does_not_stop_the_closing_of_others() -> None:
    closer, closed = LingeringCloser(), threading.Event()
    (client, server), (other_client, other) = connected(), connected()
    with closing(client), closing(other_client):
        for _ in range(2):
            closer.close(server, HERE, lambda: None)
        closer.close(other, HERE, closed.set)

        other_client.close()
        assert closed.wait(10)


def test_a_crowd_closes_its_own_connections_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lingering_close, "LINGER_S", 600.0)
    closer, closed = LingeringCloser(), queue.SimpleQueue[str]()
    with ExitStack() as stack:
        for network in [HERE, *[ELSEWHERE] * (MAX_LINGERING + 1)]:
            client, server = connected()
            stack.enter_context(client)
            closer.close(server, network, partial(closed.put, network))

        assert [closed.get(timeout=30) for _ in range(2)] == [ELSEWHERE] * 2
