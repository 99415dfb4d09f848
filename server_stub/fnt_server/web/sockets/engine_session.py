"""The library's side of a socket, with bounds on what its client can make it do."""

from __future__ import annotations

import contextlib
import threading
import time
from collections import deque
from typing import Any

import engineio.socket
from engineio.exceptions import ContentTooLongError, EngineIOError, QueueEmpty
from engineio.packet import MESSAGE, NOOP, PONG, Packet

from fnt_server.web.fair_dispatch import end_turn
from fnt_server.web.sockets.event_limits import MAX_UNANSWERED, MAX_UNANSWERED_BYTES
from fnt_server.web.sockets.handshakes import Handshake
from fnt_server.web.sockets.pinger import Pinger
from fnt_server.web.sockets.transport import BoundedWebSocket, Unsent

MAX_POLLED = 16
"""Packets in one answer: the buffer of a connection holds them, and some clients take no more."""
ANSWER_WITHIN_S = 0.5
"""For how long what a client sent may delay the answer: its next pong has to wait for that."""
UPGRADING_POLL_S = 0.25
"""How long a poll may delay an upgrade, whose client waits for its end."""
SEPARATOR = "\x1e"

_pinger = Pinger()


class EngineSession(engineio.socket.Socket):  # type: ignore[misc]  # engineio has no types
    """Polled by one request at a time, and sent to by another, no faster than a WebSocket."""

    handshake: Handshake
    last_ping: float | None
    websocket: BoundedWebSocket | None = None
    """What the session has become."""

    def __init__(self, server: Any, sid: str) -> None:
        super().__init__(server, sid)
        self._polling = threading.Lock()
        self._sending = threading.Lock()
        self._inbox: deque[str] = deque()
        self._inbox_changes = threading.Lock()
        self._is_handling = False
        self._upgrade = threading.Lock()
        self._polled_at = time.monotonic()
        self._order = threading.Lock()
        self._taken = 0

    def send(self, pkt: Packet) -> None:
        """Send a message at once if the connection takes it, else when the writer comes to it.

        To wake the writer of each socket of a room takes most of an event's time. Pings are left
        to the writers, which end if they have had nothing to send for longer than a ping takes.
        """
        if not self.check_ping_timeout():
            return
        with self._order:
            rest: Packet | Unsent | None = pkt
            is_message = pkt.packet_type == MESSAGE and not pkt.binary
            if is_message and self.websocket and not self.queue.unfinished_tasks:
                rest = self.websocket.send_now(pkt)
            if rest:
                self.queue.put(rest)

    def schedule_ping(self) -> None:
        """Ping after the interval, unless a pong is still to come."""
        if self.last_ping:
            self.last_ping = None
            _pinger.schedule(self)

    def close(self, wait: bool = True, abort: bool = False, reason: str | None = None) -> None:  # noqa: ARG002
        """Close without waiting for the client to take what was sent: it may never poll again."""
        super().close(wait=False, abort=abort, reason=reason)
        self.handshake.end()
        if not self.upgraded:  # a WebSocket may be accepted, and not yet known as an upgrade
            self.handshake.cut()

    def poll(self, within_s: float | None = None) -> list[Packet]:
        """Wait for what is sent to the client; empty when the session has ended."""
        end_turn()
        queue_empty = self.server.get_queue_empty_exception()
        packets: list[Packet] = []
        with self._order:  # a client may poll beside the writer
            for _ in range(self._taken):
                self.queue.task_done()  # the writer, or the client, has it
            self._taken = 0
        try:
            packets.append(self._take(timeout=within_s or self._silence_s))
            while packets[-1] is not None and len(packets) < MAX_POLLED:
                packets.append(self._take(block=False))
        except queue_empty:
            if not packets:
                raise QueueEmpty from None
        if packets[-1] is None:
            packets.pop()
            if packets:
                self.queue.put(None)
        return packets

    def _take(self, **options: Any) -> Any:
        packet = self.queue.get(**options)
        with self._order:
            self._taken += 1
        return packet

    def handle_get_request(self, environ: dict[str, Any], start_response: Any) -> Any:
        """Answer a poll, or become a WebSocket; raises EngineIOError for a second poll at once."""
        if not self.connected or environ.get("HTTP_UPGRADE"):
            return super().handle_get_request(environ, start_response)
        if not self._polling.acquire(blocking=False):
            raise EngineIOError("two polls at once")
        try:
            return self._polled()
        finally:
            self._polled_at = time.monotonic()
            self._polling.release()

    def handle_post_request(self, environ: dict[str, Any]) -> None:
        """Handle what a client sent, or keep it for later; raises EngineIOError."""
        messages = _body(environ, self.server.max_http_buffer_size).split(SEPARATOR)
        is_polled = self._polling.locked() or self._polled_at + self._silence_s > time.monotonic()
        if not is_polled or not self._sending.acquire(blocking=False):
            raise EngineIOError("not polled, or two requests at once")
        try:
            self._receive_all(messages)
        finally:
            self._sending.release()

    def may_upgrade(self) -> bool:
        """Return whether this is the first attempt to become a WebSocket; there is no second."""
        return self._upgrade.acquire(blocking=False)

    @property
    def _silence_s(self) -> float:
        """How long a client can be silent: it is pinged before, and has to answer."""
        return float(self.server.ping_interval + self.server.ping_timeout)

    def _polled(self) -> list[Packet]:
        try:
            return self.poll(UPGRADING_POLL_S if self.upgrading else None)
        except QueueEmpty:
            if self.upgrading or self.upgraded:
                return [Packet(NOOP)]
            self.close(reason=self.server.reason.TRANSPORT_ERROR)
            raise

    def _receive_all(self, messages: list[str]) -> None:
        if str(PONG) in messages:
            self.schedule_ping()  # now, or the ping times out behind what waits
        with self._inbox_changes:
            self._inbox.extend(messages)
            size = sum(map(len, self._inbox))
            is_flood = len(self._inbox) > MAX_UNANSWERED or size > MAX_UNANSWERED_BYTES
            is_handled_elsewhere, self._is_handling = self._is_handling, True
        if is_flood:
            self._inbox.clear()
            self.handshake.block()
        elif not is_handled_elsewhere:
            self._handle_inbox()

    def _handle_inbox(self) -> None:
        """Handle what has arrived; what would take long, in a thread of its own."""
        ends = time.monotonic() + ANSWER_WITHIN_S
        while (message := self._next_message()) is not None:
            wait_s = self.handshake.reserve(1.0)
            if wait_s or time.monotonic() > ends:
                self.server.start_background_task(self._handle_slowly, message, wait_s)
                return
            self._handle(message)

    def _handle_slowly(self, message: str | None, wait_s: float) -> None:
        while message is not None:
            self.server.sleep(wait_s)
            self._handle(message)
            message = self._next_message()
            wait_s = self.handshake.reserve(1.0) if message is not None else 0.0

    def _next_message(self) -> str | None:
        with self._inbox_changes:
            if self.closed:
                self._inbox.clear()
            self._is_handling = bool(self._inbox)
            return self._inbox.popleft() if self._inbox else None

    def _handle(self, message: str) -> None:
        # Invalid, too deep, of no known type, or after the end.
        with contextlib.suppress(ValueError, RecursionError, EngineIOError):
            self.receive(Packet(encoded_packet=message))


def _body(environ: dict[str, Any], max_bytes: int) -> str:
    size = environ.get("CONTENT_LENGTH") or ""
    if not size.isdecimal() or int(size) > max_bytes:
        raise ContentTooLongError
    body: bytes = environ["wsgi.input"].read(int(size))
    try:
        return body.decode()
    except UnicodeDecodeError:
        raise EngineIOError("not UTF-8") from None
