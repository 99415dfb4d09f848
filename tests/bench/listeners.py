"""Many watchers as bare WebSockets in one thread: a load, not a client under test."""

from __future__ import annotations

import contextlib
import json
import selectors
import threading
import time
from collections.abc import Iterable, Iterator
from datetime import datetime

import websocket

from fnt.wire import events

CONNECT, JOIN, EVENT, PING, PONG = "40", "420", "42", "2", "3"


class Listeners:
    """Joins each job with a socket of its own and notes how late each event comes to each."""

    def __init__(self, url: str, token: str, job_ids: Iterable[int]) -> None:
        self.delays_s: list[float] = []
        self.arrivals: list[tuple[int, float]] = []
        """The version of each event, and when it came."""
        self._over = threading.Event()
        self._selector = selectors.DefaultSelector()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()  # pings are answered while the others still connect
        for job_id in job_ids:
            socket = _joined(url, token, job_id)
            self._selector.register(socket.sock, selectors.EVENT_READ, socket)

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
        message = socket.recv()
        arrived = time.time()
        if message == PING:
            socket.send(PONG)
        elif message.startswith(EVENT):
            name, job = json.loads(message[len(EVENT) :])
            if name == events.JOB_PROGRESS:
                updated = datetime.fromisoformat(job["updated_at"]).timestamp()
                self.delays_s.append(arrived - updated)
                self.arrivals.append((job["version"], arrived))


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
