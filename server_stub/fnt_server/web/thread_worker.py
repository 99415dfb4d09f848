"""The threaded worker class of gunicorn: a thread per socket and running request."""

from __future__ import annotations

import contextlib
import errno
import gc
import math
import selectors
import socket
import threading
import time
from functools import cache, partial
from typing import Any

from gunicorn.workers.gthread import STOP_KEEPALIVE_LINGER, TConn, ThreadWorker

from fnt_server.web.background import DRAIN_RETRY_S
from fnt_server.web.client_address import client_network
from fnt_server.web.connections import (
    closes_after,
    invite,
    is_unread,
    limit_buffers,
    peer_address,
    waiting_connections,
)
from fnt_server.web.fair_dispatch import FairDispatch, turn
from fnt_server.web.io_timeouts import StallGuard
from fnt_server.web.lingering_close import LingeringCloser
from fnt_server.web.protocol_errors import (
    BAD_REQUEST,
    BUSY,
    HEAD_TOO_LARGE,
    TOO_SLOW,
    JsonErrors,
    Rejection,
    send_answer,
)
from fnt_server.web.request_buffer import READ_BYTES, RequestBuffer

CHECK_EVERY_S = 0.5
OUT_OF_FILES = {errno.EMFILE, errno.ENFILE}


class DrainingThreadWorker(JsonErrors, ThreadWorker):  # type: ignore[misc]  # gunicorn has no types
    """Waits for requests in its event loop, so that threads only serve those that are here.

    Announces a shutdown to its sockets before it stops.
    """

    def init_process(self) -> None:
        """Start serving; never returns."""
        gc.freeze()  # keep memory from before the fork shared: collecting would write to it
        self._closer = LingeringCloser()
        self._turns = FairDispatch[Any]()
        self._next_check = 0.0
        self._stops_at = math.inf
        super().init_process()

    def load_wsgi(self) -> None:
        """Load the app, with the limits of its configuration."""
        super().load_wsgi()
        config = self.wsgi.extensions["fnt"].config
        self._stalled_after_s = config.uploads.stalled_after_s
        self._waiting = waiting_connections(config)
        self._has_proxy = bool(config.proxies)

    def accept(self, listener: Any) -> None:
        """Accept a connection, and wait for its request."""
        try:
            client, address = listener.accept()
        except OSError as error:
            if error.errno in OUT_OF_FILES and self._waiting.members():
                self._close(self._waiting.members()[0])
            return
        self.nr_conns += 1
        limit_buffers(client)
        self._wait(TConn(self.cfg, client, address, listener.getsockname()), RequestBuffer())

    def _wait(self, conn: Any, request: RequestBuffer) -> None:
        """Wait for the rest of a connection's next request."""
        conn.request = request
        conn.timeout = time.monotonic() + (
            self._stalled_after_s if request else float(self.cfg.keepalive)
        )
        conn.sock.setblocking(False)
        invite(conn.sock, request)
        self.poller.register(conn.sock, selectors.EVENT_READ, partial(self._receive, conn))
        displaced = self._waiting.add(conn, client_network(peer_address(conn.client)))
        if displaced is not None:
            self._close(displaced)

    def _receive(self, conn: Any, client: socket.socket) -> None:
        """Read what arrived; a thread answers once the request is complete."""
        if conn not in self._waiting:
            return  # displaced in this turn of the loop: it is closed, and no longer counted
        try:
            data = client.recv(READ_BYTES)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        request: RequestBuffer = conn.request
        if data and not request:
            conn.timeout = time.monotonic() + self._stalled_after_s
        request.add(data)
        if not data and not request:
            self._close(conn)
        elif request.is_malformed:
            self._close(conn, BAD_REQUEST)
        elif request.is_complete or not data:
            self._stop_waiting(conn)
            self.enqueue_req(conn)
        elif request.is_oversized:
            self._close(conn, HEAD_TOO_LARGE)
        else:
            invite(client, request)

    def enqueue_req(self, conn: Any) -> None:
        """Answer a request when it is its network's turn; what a proxy sends, at once."""
        if self._has_proxy:
            super().enqueue_req(conn)
            return
        network = client_network(peer_address(conn.client))
        if not self._turns.add(conn, network, is_login=conn.request.is_login):
            self._close(conn, BUSY)

    def wait_for_and_dispatch_events(self, timeout: float) -> None:
        """Handle what has happened, and begin to answer those whose turn it is."""
        due_in_s = self._turns.due_in_s(time.monotonic())
        super().wait_for_and_dispatch_events(min(timeout, due_in_s))
        for conn in self._turns.begin(time.monotonic()):
            super().enqueue_req(conn)

    def _stop_waiting(self, conn: Any) -> None:
        self._waiting.discard(conn)
        with contextlib.suppress(KeyError, ValueError):
            self.poller.unregister(conn.sock)

    def _close(self, conn: Any, answer: Rejection | None = None) -> None:
        self._stop_waiting(conn)
        if answer is None:
            self._count_closed()
            conn.close()
        else:
            send_answer(conn.sock, answer)
            self._end_gently(conn)

    def murder_pending(self) -> None:
        """Close connections whose request has not arrived in time."""
        now = time.monotonic()
        if now < self._next_check:
            return
        self._next_check = now + CHECK_EVERY_S
        for conn in self._waiting.members():
            if now > min(conn.timeout, self._stops_at):
                self._close(conn, TOO_SLOW if conn.request else None)

    def run(self) -> None:
        """Serve until SIGTERM, and finish what is running."""
        super().run()
        gc.freeze()  # or the interpreter collects all modules before it exits

    def handle(self, conn: Any) -> Any:
        """Answer a request that has arrived."""
        conn.data_ready = True
        conn.sock.setblocking(True)
        conn.init()
        conn.parser.unreader.unread(conn.request.content())
        end = partial(self.method_queue.defer, self._turns.end, conn)
        guard = StallGuard(conn.sock, stalled_after_s=self._stalled_after_s)
        with turn(end), guard as conn.guard:
            return super().handle(conn)

    def handle_request(self, req: Any, conn: Any) -> Any:
        """Answer a request whose head has been read."""
        conn.guard.end()
        req.should_close = cache(partial(closes_after, conn.parser, req, req.should_close))
        return super().handle_request(req, conn)

    def finish_request(self, conn: Any, fs: Any) -> None:
        """Keep or close a connection; gunicorn would wait for its client in the only event loop."""
        self._turns.end(conn)
        if fs.cancelled() or fs.exception():
            super().finish_request(conn, fs)
        elif not fs.result() or is_unread(conn.sock):
            self._end_gently(conn)
        else:
            request = RequestBuffer(conn.parser.unreader.take_buffered())
            if request.is_complete:
                conn.request = request
                self.enqueue_req(conn)
            else:
                self._wait(conn, request)

    def _end_gently(self, conn: Any) -> None:
        closed = partial(self.method_queue.defer, self._count_closed)
        self._closer.close(conn.sock, client_network(peer_address(conn.client)), closed)

    def _count_closed(self) -> None:
        self.nr_conns -= 1

    def handle_exit(self, sig: int, frame: Any) -> None:
        """Handle SIGTERM."""
        self._stops_at = time.monotonic() + STOP_KEEPALIVE_LINGER
        threading.Thread(target=self._drain, daemon=True).start()
        super().handle_exit(sig, frame)

    def _drain(self) -> None:
        self.wsgi.extensions["fnt.background"].drain(retry_in_s=DRAIN_RETRY_S)
