"""A Socket.IO connection to job rooms that puts all events into an inbox.

The library runs handlers in its own threads and in any order, so all decisions are left to the
reader of the inbox.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from functools import partial
from queue import SimpleQueue
from ssl import SSLContext
from typing import Any
from urllib.parse import urlsplit

from fnt.errors import AuthError, FntError, TemporaryError
from fnt.stream.events import Ack, Disconnected, Draining, JobProgressEvent, retry_in_s
from fnt.stream.protocol import SocketClient, TokenSource
from fnt.wire import events
from fnt.wire.error_codes import ErrorCode
from fnt.wire.socket_payloads import RefusedConnection
from fnt.wire.structs import WireError

CLOSE_S = 0.4
"""Maximum time to wait for a clean close, in seconds."""
REFUSED_TOKEN = frozenset(
    {ErrorCode.NOT_LOGGED_IN, ErrorCode.TOKEN_EXPIRED, ErrorCode.TOKEN_INVALID}
)


class JobStream:
    """One connection. It is opened and closed once; reconnecting needs a new JobStream."""

    def __init__(
        self,
        server: str,
        *,
        tokens: TokenSource,
        inbox: SimpleQueue[Any],
        ssl_context: SSLContext | None = None,
        make_client: Callable[[float, SSLContext | None], SocketClient] | None = None,
    ) -> None:
        self._server = server
        self._tokens = tokens
        self._inbox = inbox
        self._ssl_context = ssl_context
        self._make_client = make_client or _socketio_client
        self._client: SocketClient | None = None
        self._sent_token = ""
        self._lock = threading.Lock()
        self._closing: threading.Thread | None = None

    def connect(self, timeout_s: float) -> None:
        """Connect with a token, renewing it once if it is rejected. May block for several timeouts.

        Raises AuthError if the login has expired, and TemporaryError for any other failure.
        """
        token = self._tokens.current_token()
        try:
            self._connect(token, timeout_s)
        except AuthError:
            self._connect(self._tokens.renewed_token(token), timeout_s)

    def join(self, job_id: int, *, token: str | None = None) -> None:
        """Join a job's room; the ack carries its snapshot. A new token extends the session."""
        self._ask(events.JOIN_JOB, job_id, **({} if token is None else {"token": token}))

    def newer_token(self) -> str | None:
        """Return a token renewed since the last one sent here, or None. May block."""
        token = self._tokens.current_token()
        if token == self._sent_token:
            return None
        self._sent_token = token
        return token

    def leave(self, job_id: int) -> None:
        """Leave a job's room."""
        self._ask(events.LEAVE_JOB, job_id)

    def cancel(self, job_id: int) -> None:
        """Cancel a job; the ack carries its final state."""
        self._ask(events.CANCEL_JOB, job_id)

    def close(self) -> None:
        """Close the connection, waiting briefly for the server's close frame."""
        with self._lock:
            if self._closing is None:
                self._closing = threading.Thread(target=self._hang_up, daemon=True)
                self._closing.start()
        self._closing.join(CLOSE_S)

    def _hang_up(self) -> None:
        if self._client is not None:
            _hang_up(self._client)

    def _connect(self, token: str, timeout_s: float) -> None:
        refusals: list[object] = []
        client = self._client = self._make_client(timeout_s, self._ssl_context)
        client.on("connect_error", lambda *data: refusals.extend(data))
        client.on("disconnect", self._on_disconnect)
        client.on(events.JOB_PROGRESS, self._on_progress)
        client.on(events.SERVER_DRAINING, self._on_draining)
        try:
            client.connect(
                self._server,
                auth={"token": token},
                transports=["websocket"],
                socketio_path=urlsplit(self._server).path + events.SOCKET_PATH,
                wait_timeout=timeout_s,
            )
        except Exception as error:  # the library lets socket and parser errors through
            _hang_up(client)
            raise _refusal(refusals) from error
        self._sent_token = token
        if self._closing is not None or client.eio.state != "connected":
            _hang_up(client)
            raise TemporaryError("the live connection was closed immediately")

    def _ask(self, verb: str, job_id: int, **more: str) -> None:
        if self._client is None:
            raise RuntimeError("not connected")
        try:
            self._client.emit(
                verb, {"job_id": job_id, **more}, callback=partial(self._on_answer, verb, job_id)
            )
        except Exception as error:  # after any error, nothing more can be sent
            self._inbox.put(Disconnected(stream=self, reason=type(error).__name__))

    def _on_answer(self, verb: str, job_id: int, *payload: object) -> None:
        first = payload[0] if payload else None
        self._inbox.put(Ack(stream=self, verb=verb, job_id=job_id, payload=first))

    def _on_progress(self, payload: object = None, *_more: object) -> None:
        self._inbox.put(JobProgressEvent(stream=self, payload=payload))

    def _on_draining(self, payload: object = None, *_more: object) -> None:
        self._inbox.put(Draining(stream=self, payload=payload))

    def _on_disconnect(self, reason: object = None) -> None:
        self._inbox.put(Disconnected(stream=self, reason=str(reason or "connection lost")))


def _refusal(refusals: list[object]) -> FntError:
    """Return the exception for a refused connection."""
    try:
        refused = RefusedConnection.from_wire(refusals[0] if refusals else {})
    except WireError:
        refused = RefusedConnection()
    code, sentence = refused.message, refused.data.error[:200]
    if code in REFUSED_TOKEN:
        return AuthError(sentence or "your login has ended", code=code, hint="run: fnt login")
    return TemporaryError(
        sentence or "no live connection",
        code=code if code == ErrorCode.BUSY else "NO_SOCKET",
        retry_after_s=retry_in_s(refused.data.to_wire()),
    )


def _hang_up(client: SocketClient) -> None:
    """Close both ends; the library leaves the socket open if the server closed first."""
    client.disconnect()
    websocket = getattr(client.eio, "ws", None)
    if websocket is not None:
        websocket.shutdown()


def _socketio_client(timeout_s: float, ssl_context: SSLContext | None) -> SocketClient:
    from fnt.stream.socketio_client import make_socket_client  # noqa: PLC0415 -- 124 ms, in this thread

    return make_socket_client(timeout_s, ssl_context)
