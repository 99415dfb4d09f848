"""Engine.IO's polling by hand, for what no library would send."""

from __future__ import annotations

import json
import time
from types import TracebackType
from typing import Any

import httpx
import websocket

from fnt.wire.events import SOCKET_PATH
from server.web.crowds import connect

WITHIN_S = 12.0
"""A poll ends by then: the server pings every 8 s."""
SEPARATOR = "\x1e"
OPEN = {"EIO": "4", "transport": "polling"}


class PollingSession:
    """A session that is polled and sent to with one request each."""

    def __init__(self, port: int, *, source: str = "127.0.0.1", **headers: str) -> None:
        self._port = port
        self._http = httpx.Client(
            base_url=f"http://127.0.0.1:{port}",
            transport=httpx.HTTPTransport(verify=False, local_address=source),
            headers=headers,
            timeout=WITHIN_S,
        )
        self.sid = ""

    def __enter__(self) -> PollingSession:
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:  # fmt: skip
        self._http.close()

    def open(self) -> PollingSession:
        answer = self.request("GET")
        assert answer.status_code == 200, answer.text
        self.sid = json.loads(answer.text[1:])["sid"]
        return self

    def connect(self, token: str) -> str:
        """Open, log in; returns the packet that answers it."""
        if not self.sid:
            self.open()
        assert self.post("40" + json.dumps({"token": token})).status_code == 200
        return self.poll()[0]

    def request(self, method: str, *, content: str | bytes | None = None, **more: Any) -> Any:
        """Send a request of this session; parameters can be added or replaced."""
        params = {**OPEN, **({"sid": self.sid} if self.sid else {}), **more.pop("params", {})}
        return self._http.request(
            method, SOCKET_PATH, params={k: v for k, v in params.items() if v}, content=content,
            **more,
        )  # fmt: skip

    def post(self, *packets: str) -> httpx.Response:
        answer: httpx.Response = self.request("POST", content=SEPARATOR.join(packets))
        return answer

    def poll(self) -> list[str]:
        """Return the packets of one answer."""
        answer = self.request("GET")
        assert answer.status_code == 200, answer.text
        packets: list[str] = answer.text.split(SEPARATOR)
        return packets

    def poll_until(self, start: str) -> list[str]:
        """Poll, answering pings, until a packet begins with this; returns all."""
        packets: list[str] = []
        ends = time.monotonic() + 2 * WITHIN_S
        while time.monotonic() < ends and not any(packet.startswith(start) for packet in packets):
            packets += self.poll()
            if "2" in packets[-16:]:
                self.post("3")
        return packets

    def upgrade(self, *, source: str = "127.0.0.1") -> websocket.WebSocket:
        """Begin to change to a WebSocket; raises WebSocketBadStatusException."""
        url = f"ws://127.0.0.1:{self._port}{SOCKET_PATH}?EIO=4&transport=websocket&sid={self.sid}"
        connection = connect(self._port, source=source)
        try:
            return websocket.create_connection(url, timeout=WITHIN_S, socket=connection)
        except websocket.WebSocketException:
            connection.close()
            raise
