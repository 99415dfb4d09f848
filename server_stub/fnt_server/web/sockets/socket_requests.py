"""Admits the requests of sockets: invalid ones and too many of one address are refused."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from typing import Any

from fnt.wire.error_codes import ErrorCode
from fnt_server.config.socket_limits import SocketLimits
from fnt_server.web.client_address import client_network
from fnt_server.web.eviction_pool import EvictionPool
from fnt_server.web.io_timeouts import StallGuard, written_in_time
from fnt_server.web.request_limits import StartResponse, is_for_socket, refuse, refuse_busy
from fnt_server.web.sockets.event_limits import EventLimits
from fnt_server.web.sockets.handshakes import HANDSHAKE, Handshake
from fnt_server.web.sockets.request_checks import is_websocket, parameters, request_problem

log = logging.getLogger(__name__)

MAX_UNAUTHENTICATED = 128
"""Sockets that have not authenticated yet; with more, one of the largest address is closed."""
HANDSHAKE_SLOTS = 16
"""How many of one address there may be at least beyond `FNT_MAX_SOCKETS`, to be told of it."""
RETRY_AFTER_S = 5
UNKNOWN_SESSION = "unknown session: connect again"
HEADERS = [("Cache-Control", "no-store"), ("X-Content-Type-Options", "nosniff")]


class SocketRequests:
    """WSGI middleware; a session belongs to the address that began it."""

    def __init__(
        self,
        app: Any,
        *,
        engine: Any,
        events: EventLimits,
        limits: SocketLimits,
        stalled_after_s: float,
    ) -> None:
        self._app = app
        self._engine = engine
        self._events = events
        self._limits = limits
        self._stalled_after_s = stalled_after_s
        self._per_address = min(
            limits.max_unauthenticated_per_address, limits.max_sockets + HANDSHAKE_SLOTS
        )
        self._pool: EvictionPool[Handshake] = EvictionPool(
            capacity=MAX_UNAUTHENTICATED, per_address=self._per_address
        )
        self._session_began = engine.handlers["connect"]
        engine.on("connect", self._connect)
        self._handle_message = engine.handlers["message"]
        engine.on("message", self._message)

    def __call__(self, environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
        """Answer a request."""
        if not is_for_socket(environ):
            answer: Iterable[bytes] = self._app(environ, start_response)
            return answer
        problem = request_problem(environ, self._limits.transports)
        if problem is not None:
            status, message, headers = problem
            return refuse(start_response, status, ErrorCode.BAD_REQUEST, message, *headers)
        is_preflight = environ["REQUEST_METHOD"] == "OPTIONS"
        if not is_preflight and "sid" not in parameters(environ):
            return self._begin(environ, start_response)
        session = self._session(environ)
        if session is None and not is_preflight:
            return refuse(start_response, "400 Bad Request", ErrorCode.BAD_REQUEST, UNKNOWN_SESSION)
        if is_websocket(environ):
            return self._upgrade(session, environ, start_response)
        return self._answered(environ, start_response)

    def user(self, environ: dict[str, Any]) -> int | None:
        """Return the user whose socket a request belongs to, once they have authenticated."""
        session = self._session(environ)
        return session.handshake.user_id if session is not None else None

    def _connect(self, sid: str, environ: dict[str, Any]) -> Any:
        session, handshake = self._engine.sockets[sid], environ[HANDSHAKE]
        session.handshake, handshake.session = handshake, session
        return self._session_began(sid, environ)

    def _message(self, sid: str, data: Any) -> None:
        """Handle a message; the library would log each invalid one with its traceback."""
        try:
            self._handle_message(sid, data)
        except Exception as error:  # of any kind, for what is no packet of Socket.IO
            log.warning("invalid packet: %s", type(error).__name__)

    def _session(self, environ: dict[str, Any]) -> Any:
        session = self._engine.sockets.get(parameters(environ).get("sid", ""))
        address = client_network(environ.get("REMOTE_ADDR", ""))
        is_theirs = session and not session.closed and session.handshake.address == address
        return session if is_theirs else None

    def _begin(self, environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
        if environ["REQUEST_METHOD"] == "POST":
            return refuse(start_response, "400 Bad Request", ErrorCode.BAD_REQUEST, UNKNOWN_SESSION)
        address = client_network(environ.get("REMOTE_ADDR", ""))
        if self._pool.count(address) >= self._per_address:
            return refuse_busy(
                start_response, "too many live connections", retry_after_s=RETRY_AFTER_S
            )
        handshake = environ[HANDSHAKE] = Handshake(self._pool, self._events, address=address)
        if is_websocket(environ):
            handshake.use(environ.get("gunicorn.socket"))
        handshake.begin()
        try:
            return self._answered(environ, start_response)
        finally:
            if handshake.session is None or is_websocket(environ):
                handshake.end()

    def _upgrade(
        self, session: Any, environ: dict[str, Any], start_response: StartResponse
    ) -> Iterable[bytes]:
        handshake = environ[HANDSHAKE] = session.handshake
        connection = environ.get("gunicorn.socket")
        if not session.may_upgrade():
            return refuse(
                start_response, "400 Bad Request", ErrorCode.BAD_REQUEST, "upgraded already"
            )
        within_s = self._limits.connect_within_s
        with StallGuard(connection, stalled_after_s=within_s, hangs_up=True) as guard:
            handshake.use(connection, guard)
            try:
                return self._answered(environ, start_response)
            finally:
                handshake.use(None)

    def _answered(self, environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
        """Pass a request on; the library's errors become ours."""
        said: list[tuple[str, list[tuple[str, str]]]] = []
        body = list(self._app(environ, lambda status, headers, *_: said.append((status, headers))))
        status, headers = said[0]
        if not status.startswith("200"):
            return refuse(
                start_response, "400 Bad Request", ErrorCode.BAD_REQUEST,
                "the request is not valid Engine.IO, or its origin is not accepted",
            )  # fmt: skip
        length = ("Content-Length", str(sum(map(len, body))))
        start_response(status, [*headers, length, *HEADERS])
        connection = environ.get("gunicorn.socket")
        return written_in_time(body, connection, stalled_after_s=self._stalled_after_s)
