"""Socket.IO clients: the library's own, and bare websockets for what it would never send."""

from __future__ import annotations

import json
from queue import Empty, Queue
from threading import Event
from typing import Any

import pytest
import socketio
import websocket

from fnt.wire import events

WITHIN_S = 5.0


class Refused(Exception):  # noqa: N818 -- an answer, not a failure
    """The server did not let the client in; `data` is what it said."""

    def __init__(self, data: Any) -> None:
        super().__init__(str(data))
        self.data = data


class Listener:
    """A socket of one user: everything the server says waits in queues."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._websockets: list[websocket.WebSocket] = []
        self._client = socketio.Client(
            reconnection=False,
            handle_sigint=False,
            websocket_extra_options={"class_": self._new_websocket},
        )
        self.progress: Queue[dict[str, Any]] = Queue()
        self.errors: Queue[dict[str, Any]] = Queue()
        self.draining: Queue[dict[str, Any]] = Queue()
        self.closed = Event()
        self._refusal: Any = None
        self._client.on(events.JOB_PROGRESS, self.progress.put)
        self._client.on(events.ERROR, self.errors.put)
        self._client.on(events.SERVER_DRAINING, self.draining.put)
        self._client.on("disconnect", lambda *_: self.closed.set())
        self._client.on("connect_error", self._keep_refusal)

    def _new_websocket(self, **options: Any) -> websocket.WebSocket:
        # The library forgets, open, what the server hangs up on.
        self._websockets.append(websocket.WebSocket(**options))
        return self._websockets[-1]

    def _keep_refusal(self, data: Any) -> None:
        self._refusal = data

    def connect(self, token: object) -> Listener:
        """Connect; raises Refused."""
        auth = None if token is None else {"token": token}
        try:
            self._client.connect(self._url, auth=auth, transports=["websocket"], wait_timeout=10)
        except socketio.exceptions.ConnectionError:
            self.disconnect()
            raise Refused(self._refusal) from None
        return self

    def ask(self, event: str, *payload: Any) -> dict[str, Any]:
        """Emit and return the acknowledgement."""
        data = payload[0] if len(payload) == 1 else payload
        answer: dict[str, Any] = self._client.call(event, data, timeout=WITHIN_S)
        return answer

    @property
    def sid(self) -> str:
        """What the server calls this socket."""
        return str(self._client.get_sid())

    def join(self, job_id: object, **more: Any) -> dict[str, Any]:
        return self.ask(events.JOIN_JOB, {"job_id": job_id, **more})

    def disconnect(self) -> None:
        self._client.disconnect()
        for opened in self._websockets:
            opened.close()  # does nothing where the server has said goodbye first
            opened.shutdown()


def is_silent(queue: Queue[Any], *, for_s: float) -> bool:
    """Whether nothing comes for so long."""
    try:
        queue.get(timeout=for_s)
    except Empty:
        return True
    return False


class BareSocket:
    """A websocket that speaks Engine.IO by hand."""

    def __init__(
        self, port: int, *, scheme: str = "ws", address: str = "127.0.0.1", **options: Any
    ) -> None:
        url = f"{scheme}://{address}:{port}/socket.io/?EIO=4&transport=websocket"
        self._socket = websocket.create_connection(url, timeout=WITHIN_S, **options)

    def send(self, packet: str) -> None:
        self._socket.send(packet)

    def send_raw(self, data: bytes) -> None:
        """Send bytes as they are, which need not be a frame."""
        self._socket.sock.sendall(data)

    def receive(self) -> str:
        received: str = self._socket.recv()
        return received

    def connect(self, auth: object) -> str:
        """Send CONNECT; returns the packet that answers it."""
        assert self.receive().startswith("0{")
        self.send("40" + json.dumps(auth))
        return self.receive()

    def is_closed(self, *, within_s: float) -> bool:
        self._socket.settimeout(within_s)
        try:
            while True:
                if not self._socket.recv():
                    return True
        except websocket.WebSocketTimeoutException:
            return False
        except (websocket.WebSocketException, OSError):
            return True

    def is_hung_up(self, *, within_s: float) -> bool:
        """Whether the server ends the TCP connection by itself: no goodbye is answered."""
        connection = self._socket.sock
        connection.settimeout(within_s)
        try:
            while connection.recv(65536):
                pass
        except TimeoutError:
            return False
        except OSError:
            return True
        return True

    def send_endless(self, *, frames: int) -> None:
        """Send a message in frames of 64 KB and never end it."""
        self._socket.settimeout(6 * WITHIN_S)
        for number in range(frames):
            code = websocket.ABNF.OPCODE_CONT if number else websocket.ABNF.OPCODE_TEXT
            frame = websocket.ABNF.create_frame("x" * 65536, code, 0)
            self._socket.send_frame(frame)

    def close(self) -> None:
        self._socket.shutdown()


def handshake_status(port: int, **options: Any) -> int:
    """Return the HTTP status with which a websocket is answered."""
    try:
        bare = BareSocket(port, **options)
    except websocket.WebSocketBadStatusException as refused:
        return int(refused.status_code)
    bare.close()
    return 101


def refusal_of(listener: Listener, token: object) -> Any:
    with pytest.raises(Refused) as refused:
        listener.connect(token)
    return refused.value.data
