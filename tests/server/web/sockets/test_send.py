"""Messages are sent by whoever has them, and by the writer of a socket that does not take them."""

from __future__ import annotations

import contextlib
import socket
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace

import engineio
import pytest
from engineio.exceptions import QueueEmpty
from engineio.packet import MESSAGE, PING, Packet
from wsproto.connection import Connection, ConnectionType
from wsproto.events import TextMessage

from fnt_server.web.sockets.engine_session import EngineSession
from fnt_server.web.sockets.transport import BoundedWebSocket

KB = 1024
BIG = 10 * KB


class Client:
    """The far end of a socket with small buffers, which reads when it is told to."""

    def __init__(self, timeout_s: float | None) -> None:
        near, self._far = socket.socketpair()
        near.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 32 * KB)
        near.settimeout(timeout_s)
        self._far.settimeout(10)
        self._near = near
        websocket = BoundedWebSocket(None, None)
        websocket.ws = SimpleNamespace(
            sock=near, connected=True, ws=Connection(ConnectionType.SERVER), send=self._send
        )
        self._websocket = websocket
        self.session = EngineSession(engineio.Server(async_mode="threading"), "sid")
        self.session.websocket = websocket
        threading.Thread(target=self._write, daemon=True).start()

    def read(self, count: int) -> list[str]:
        """Return this many messages as they come."""
        connection, texts = Connection(ConnectionType.CLIENT), [""]
        while len(texts) <= count:
            connection.receive_data(self._far.recv(64 * KB))
            for event in connection.events():
                assert isinstance(event, TextMessage)
                texts[-1] += event.data
                if event.message_finished:
                    texts.append("")
        return texts[:-1]

    def close(self) -> None:
        self.session.queue.put(None)
        self._near.close()
        self._far.close()

    def _send(self, text: str) -> None:
        """Send as the library does."""
        self._near.sendall(self._websocket.ws.ws.send(TextMessage(text)))

    def _write(self) -> None:
        """Write as the library does."""
        while packets := self.session.poll(within_s=20):
            for packet in packets:
                self._websocket.send(packet.encode())


@pytest.fixture(params=[None, 10.0], ids=["waits in the kernel", "never waits in the kernel"])
def client(request: pytest.FixtureRequest) -> Iterator[Client]:
    client = Client(request.param)
    yield client
    client.close()


def test_what_a_slow_reader_does_not_take_waits_and_comes_whole_and_in_order(
    client: Client,
) -> None:
    texts = [f"{number} {'é' * BIG}" for number in range(50)]

    for text in texts:
        client.session.send(Packet(MESSAGE, text))  # would never end if it waited for the client

    assert client.read(50) == [f"4{text}" for text in texts]


def test_a_message_does_not_overtake_what_waits_for_the_writer(client: Client) -> None:
    sent = []
    for number in range(200):
        packet = Packet(PING) if number % 3 == 0 else Packet(MESSAGE, str(number))
        client.session.send(packet)
        sent.append(packet.encode())

    assert client.read(200) == sent


def test_a_client_that_polls_beside_its_writer_breaks_neither() -> None:
    """What each has taken is counted once."""
    session = EngineSession(engineio.Server(async_mode="threading"), "sid")
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        with ThreadPoolExecutor(3) as pool:
            polls = [pool.submit(poll_until_quiet, session) for _ in range(3)]
            for _ in range(3000):
                session.send(Packet(PING))
            assert sum(poll.result() for poll in polls) == 3000
    finally:
        sys.setswitchinterval(before)
    assert session.queue.unfinished_tasks == 0


def poll_until_quiet(session: EngineSession) -> int:
    """Return how many packets came."""
    count = 0
    with contextlib.suppress(QueueEmpty):
        while packets := session.poll(within_s=0.5):
            count += len(packets)
    return count


def test_a_message_goes_out_without_the_writer(client: Client) -> None:
    client.session.send(Packet(MESSAGE, "now"))

    assert client.session.queue.empty()
    assert client.session.queue.unfinished_tasks == 0
    assert client.read(1) == ["4now"]
