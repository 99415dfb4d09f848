"""Many watchers as bare WebSockets in one thread: a load, not a client under test."""

from __future__ import annotations

import contextlib
import json
import selectors
import threading
import time
from collections import deque
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any

import websocket
from wsproto.frame_protocol import FrameProtocol

from fnt.wire import events

CONNECT, JOIN, EVENT, PONG = "40", "420", "42", "3"
PING_FRAME = b"\x81\x012"


class Listeners:
    """Joins each job with a socket of its own and notes how late each event comes to each.

    What comes is only noted while events are sent: to read a message takes 0.1 ms here, which the
    next of fifty sockets would be seen to wait for.
    """

    def __init__(self, url: str, token: str, job_ids: Iterable[int]) -> None:
        self._over = threading.Event()
        self._came: deque[tuple[websocket.WebSocket, float, bytes]] = deque()
        self._frames: dict[websocket.WebSocket, FrameProtocol] = {}
        self._arrivals: list[tuple[dict[str, Any], float]] = []
        self._selector = selectors.DefaultSelector()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()  # pings are answered while the others still connect
        for job_id in job_ids:
            socket = _joined(url, token, job_id)
            self._selector.register(socket.sock, selectors.EVENT_READ, socket)

    @property
    def arrivals(self) -> list[tuple[int, float]]:
        """The version of each event, and when it came."""
        return [(job["version"], at) for job, at in self._read()]

    @property
    def delays_s(self) -> list[float]:
        """How long after its change each event came."""
        return [
            at - datetime.fromisoformat(job["updated_at"]).timestamp() for job, at in self._read()
        ]

    def wait_for(self, count: int, *, within_s: float) -> None:
        """Wait until this many events have come, but no longer than this."""
        until = time.monotonic() + within_s
        while len(self._read()) < count and time.monotonic() < until:
            time.sleep(0.1)

    def close(self) -> None:
        """Hang up."""
        self._over.set()
        self._thread.join()
        for key in list(self._selector.get_map().values()):
            key.data.close(timeout=0)
        self._selector.close()

    def _run(self) -> None:
        while not self._over.is_set():
            for key, _ in self._selector.select(timeout=0.2):
                try:
                    self._take(key.data)
                except (OSError, websocket.WebSocketException):
                    self._selector.unregister(key.fileobj)  # its events will be missed

    def _take(self, socket: websocket.WebSocket) -> None:
        data = socket.sock.recv(1 << 16)
        self._came.append((socket, time.time(), data))
        if not data:
            raise ConnectionResetError
        if PING_FRAME in data:
            socket.send(PONG)

    def _read(self) -> list[tuple[dict[str, Any], float]]:
        """Read what has come since; returns each job and when it came."""
        while self._came:
            socket, at, data = self._came.popleft()
            frames = self._frames.setdefault(socket, FrameProtocol(client=True, extensions=[]))
            frames.receive_bytes(data)
            for frame in frames.received_frames():
                message = str(frame.payload)
                if message.startswith(EVENT):
                    name, job = json.loads(message[len(EVENT) :])
                    if name == events.JOB_PROGRESS:
                        self._arrivals.append((job, at))
        return self._arrivals


def _joined(url: str, token: str, job_id: int) -> websocket.WebSocket:
    address = url.replace("http", "ws", 1) + events.SOCKET_PATH + "?EIO=4&transport=websocket"
    socket = websocket.create_connection(address, suppress_origin=True, timeout=20)
    socket.recv()
    socket.send(CONNECT + json.dumps({"token": token}))
    assert socket.recv().startswith(CONNECT)
    socket.send(JOIN + json.dumps([events.JOIN_JOB, {"job_id": job_id}]))
    assert '"ok":true' in socket.recv()
    return socket


@contextlib.contextmanager
def keep_listeners(url: str, token: str, job_ids: Iterable[int]) -> Iterator[Listeners]:
    """Keep listeners for as long as the block runs."""
    gathered = Listeners(url, token, job_ids)
    try:
        yield gathered
    finally:
        gathered.close()
