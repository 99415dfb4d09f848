"""Limits on running requests, and on how slowly their bodies and answers may move."""

from __future__ import annotations

import io
import json
import threading
from collections import Counter
from collections.abc import Callable, Hashable, Iterable, Iterator
from typing import Any

from gunicorn.http.errors import ParseException
from werkzeug.exceptions import BadRequest, HTTPException, LengthRequired, RequestTimeout
from werkzeug.wsgi import ClosingIterator

from fnt.wire.error_codes import ErrorCode
from fnt.wire.events import SOCKET_PATH
from fnt.wire.responses import error_body
from fnt_server.auth.tokens import TokenProblem
from fnt_server.config import Config
from fnt_server.db.connection import UNAVAILABLE
from fnt_server.web.client_address import client_network
from fnt_server.web.fair_dispatch import end_turn
from fnt_server.web.io_timeouts import StallGuard, written_in_time
from fnt_server.web.protocol_errors import BUSY_MESSAGE
from fnt_server.web.request_buffer import MAX_BODY_BYTES

ANONYMOUS_REQUESTS = 160
USER_REQUESTS = 96
USER_TRANSFERS = 64
"""Of them, those that receive a file or send a result."""
SMALL_REQUESTS = 8
"""Of one user, besides transfers: those wait for their client, and these do not wait for those."""
SPARE_THREADS = 16
"""Answer requests over the limits."""
RUNNING = "fnt.running_request"
RETRY_AFTER_S = 1

StartResponse = Callable[..., Any]


def is_for_socket(environ: dict[str, Any]) -> bool:
    """Return whether Socket.IO answers a request."""
    path: str = environ.get("PATH_INFO", "")
    return path.startswith(SOCKET_PATH)


class RequestSlots:
    """Counts what runs, in all and by key. Thread-safe."""

    def __init__(self, *, total: int, each: int) -> None:
        self._total = total
        self._each = each
        self._running: Counter[Hashable] = Counter()
        self._lock = threading.Lock()

    def acquire(self, key: Hashable) -> bool:
        """Count one more; False if a limit is reached."""
        with self._lock:
            if self._running.total() >= self._total or self._running[key] >= self._each:
                return False
            self._running[key] += 1
            return True

    def release(self, key: Hashable) -> None:
        """Count one less."""
        with self._lock:
            self._running[key] -= 1
            if not self._running[key]:
                del self._running[key]


class RunningRequest:
    """One request: counted for its address, and for its user from when that is known."""

    def __init__(
        self, addresses: RequestSlots, users: RequestSlots, transfers: RequestSlots
    ) -> None:
        self._addresses = addresses
        self._users = users
        self._transfers = transfers
        self._held: tuple[RequestSlots, Hashable] | None = None
        self._transferring: int | None = None
        self.is_identified = False

    def begin(self, address: str) -> bool:
        """Count the request for its address; False if that has too many."""
        return self._hold(self._addresses, client_network(address))

    def identify(self, user_id: int) -> bool:
        """Count the request for its user; False if that has too many."""
        self.is_identified = self.is_identified or self._hold(self._users, user_id)
        return self.is_identified

    def begin_transfer(self, user_id: int) -> bool:
        """Count the request as one that waits for its client; False if its user has too many."""
        if not self._transfers.acquire(user_id):
            return False
        self._transferring = user_id
        return True

    def end(self) -> None:
        """Count the request no more."""
        held, self._held = self._held, None
        if held is not None:
            held[0].release(held[1])
        user_id, self._transferring = self._transferring, None
        if user_id is not None:
            self._transfers.release(user_id)

    def _hold(self, slots: RequestSlots, key: Hashable) -> bool:
        if not slots.acquire(key):
            return False
        self.end()
        self._held = slots, key
        return True


class RequestLimits:
    """WSGI middleware for everything but WebSockets and polls, which wait for events.

    Whoever is logged in is not refused because of others at the same address.
    """

    def __init__(
        self,
        app: Any,
        *,
        config: Config,
        identify: Callable[[str], Any],
        socket_user: Callable[[dict[str, Any]], int | None],
    ) -> None:
        self._app = app
        self._socket_user = socket_user
        self._stalled_after_s = config.uploads.stalled_after_s
        self._identify = identify
        limits = config.connections
        self._addresses = RequestSlots(
            total=ANONYMOUS_REQUESTS, each=limits.max_requests_per_address
        )
        each = limits.max_requests_per_user
        self._users = RequestSlots(total=USER_REQUESTS, each=each + SMALL_REQUESTS)
        self._transfers = RequestSlots(total=USER_TRANSFERS, each=each)

    def __call__(self, environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
        """Answer a request."""
        if is_for_socket(environ) and environ.get("REQUEST_METHOD") != "POST":
            answer: Iterable[bytes] = self._app(environ, start_response)
            return answer
        running = environ[RUNNING] = RunningRequest(self._addresses, self._users, self._transfers)
        body = environ["wsgi.input"] = _TimedBody(environ, self._stalled_after_s)
        try:
            body.buffer_small()
        except HTTPException as error:
            code = ErrorCode.UPLOAD_TOO_SLOW if error.code == 408 else ErrorCode.BAD_REQUEST
            return refuse(start_response, f"{error.code} {error.name}", code, error.name.lower())
        if not (running.begin(environ.get("REMOTE_ADDR", "")) or self._is_user(environ, running)):
            return refuse_busy(start_response, BUSY_MESSAGE, retry_after_s=RETRY_AFTER_S)
        try:
            items = self._app(environ, start_response)
        except BaseException:
            running.end()
            raise
        written = self._written(items, environ.get("gunicorn.socket"), running)
        # The place is free before the app drains what a refused client still sends.
        closing = [running.end, getattr(items, "close", lambda: None)]
        return ClosingIterator(written, closing)

    def _is_user(self, environ: dict[str, Any], running: RunningRequest) -> bool:
        if is_for_socket(environ):
            user_id = self._socket_user(environ)
            return user_id is not None and running.identify(user_id)
        scheme, _, token = environ.get("HTTP_AUTHORIZATION", "").partition(" ")
        if scheme.lower() != "bearer":
            return False
        try:
            return running.identify(self._identify(token.strip()).user_id)
        except (TokenProblem, *UNAVAILABLE):
            return False

    def _written(
        self, items: Iterable[bytes], connection: Any, running: RunningRequest
    ) -> Iterator[bytes]:
        try:
            yield from written_in_time(items, connection, stalled_after_s=self._stalled_after_s)
        finally:
            running.end()


class _TimedBody:
    """`wsgi.input` whose every read must end in time; raises HTTPException."""

    def __init__(self, environ: dict[str, Any], stalled_after_s: float) -> None:
        self._environ = environ
        self._stream = environ["wsgi.input"]
        self._stalled_after_s = stalled_after_s
        self._is_chunked = "chunked" in environ.get("HTTP_TRANSFER_ENCODING", "").lower()

    def buffer_small(self) -> None:
        """Read a small body before the request is counted as running."""
        size = self._environ.get("CONTENT_LENGTH") or ""
        if size.isdecimal() and 0 < int(size) <= MAX_BODY_BYTES:
            self._stream = io.BytesIO(self._read(int(size)))

    def read(self, size: int | None = None) -> bytes:
        """Read like a file."""
        if self._is_chunked and not self._environ[RUNNING].is_identified:
            raise LengthRequired  # or anybody could occupy threads with endless bodies
        if not isinstance(self._stream, io.BytesIO):
            end_turn()
        return self._read(size)

    def _read(self, size: int | None) -> bytes:
        connection = self._environ.get("gunicorn.socket")
        with StallGuard(connection, stalled_after_s=self._stalled_after_s) as guard:
            try:
                data: bytes = self._stream.read(size)
            except (ParseException, OSError):
                raise (RequestTimeout if guard.has_cut else BadRequest) from None
        if guard.has_cut and not isinstance(self._stream, io.BytesIO):
            raise RequestTimeout
        return data


def refuse_busy(start_response: StartResponse, message: str, *, retry_after_s: int) -> list[bytes]:
    """Answer 503 BUSY."""
    return refuse(
        start_response, "503 Service Unavailable", ErrorCode.BUSY, message,
        ("Retry-After", str(retry_after_s)),
    )  # fmt: skip


def refuse(
    start_response: StartResponse, status: str, code: str, message: str, *headers: tuple[str, str]
) -> list[bytes]:
    """Answer with an error from outside the app."""
    body = json.dumps(error_body(code, message)).encode()
    fixed = [("Content-Type", "application/json"), ("Content-Length", str(len(body)))]
    start_response(status, [*fixed, *headers])
    return [body]
