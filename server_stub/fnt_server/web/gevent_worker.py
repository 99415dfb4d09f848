"""The gevent worker class of gunicorn, for thousands of sockets per process."""

from __future__ import annotations

import contextlib
import gc
import logging
import socket
import time
from contextlib import nullcontext
from functools import cache, partial
from typing import Any

import gevent
from gunicorn import http
from gunicorn.http import errors
from gunicorn.workers.ggevent import GeventWorker

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
from fnt_server.web.fair_turns import FairTurns, Full
from fnt_server.web.lingering_close import (
    LINGER_S,
    MAX_DISCARDED_BYTES,
    end,
    lingering_connections,
)
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

log = logging.getLogger(__name__)

GC_THRESHOLDS = (10_000, 10, 20)
"""Python's defaults (700, 10, 10) scan all objects of 5 000 sockets every few seconds, and no event
is sent for 650 ms. With these, a full scan comes after about 2 000 000 new objects, which is what
5 000 new sockets hold."""
STOP_EVERY_S = 0.5


class DrainingGeventWorker(JsonErrors, GeventWorker):  # type: ignore[misc]  # gunicorn has no types
    """Waits for requests before they are read, so that those that do not arrive can be ended.

    Announces a shutdown to its sockets before it stops.
    """

    def init_process(self) -> None:
        """Start serving; never returns."""
        gc.freeze()
        gc.set_threshold(*GC_THRESHOLDS)
        super().init_process()

    def load_wsgi(self) -> None:
        """Load the app, with the limits of its configuration."""
        super().load_wsgi()
        config = self.wsgi.extensions["fnt"].config
        self._stalled_after_s = config.uploads.stalled_after_s
        self._waiting = waiting_connections(config)
        self._has_proxy = bool(config.proxies)
        self._turns = FairTurns()
        self._lingering = lingering_connections()

    def handle(self, listener: Any, client: Any, addr: Any) -> None:
        """Serve a connection."""
        limit_buffers(client)
        network = client_network(peer_address(addr))
        try:
            rejection = self._serve(listener.getsockname(), client, addr)
            if rejection is not None:
                send_answer(client, rejection)
            self._linger(client, network)
        except errors.NoMoreData:
            pass  # the client has left
        except StopIteration:  # this was the last answer
            self._linger(client, network)
        except OSError as error:
            log.debug("connection lost: %s", error)
        except Exception as error:
            self.handle_error(None, client, addr, error)
            self._linger(client, network)
        finally:
            with contextlib.suppress(OSError):
                client.close()

    def _serve(self, listener_name: Any, client: Any, addr: Any) -> Rejection | None:
        """Answer requests until one does not arrive in time or is invalid; return what to say."""
        parser = http.get_parser(self.cfg, client, addr)
        request, network = RequestBuffer(), client_network(peer_address(addr))
        while True:
            try:
                if not self._receive(client, network, request):
                    return None
            except _Rejected as rejected:
                return rejected.answer
            parser.unreader.unread(request.content())
            turn = self._turns.turn(network, is_login=request.is_login)
            message = next(parser)
            message.should_close = cache(
                partial(closes_after, parser, message, message.should_close)
            )
            try:
                with nullcontext() if self._has_proxy else turn:
                    self.handle_request(listener_name, message, client, addr)
            except Full:
                return BUSY
            client.settimeout(None)
            if is_unread(client):
                return None
            request = RequestBuffer(parser.unreader.take_buffered())

    def _receive(self, client: Any, network: str, request: RequestBuffer) -> bool:
        """Wait for the rest of a request; False if none begins. Raises _Rejected.

        Meanwhile its connection may be displaced by others.
        """
        displaced = self._waiting.add(client, network)
        if displaced is not None:
            end(displaced)
        ends_at = time.monotonic() + (self._stalled_after_s if request else self.cfg.keepalive)
        try:
            while not request.is_complete:
                invite(client, request)
                client.settimeout(max(0.001, ends_at - time.monotonic()))
                data = client.recv(READ_BYTES)
                if data and not request:
                    ends_at = time.monotonic() + self._stalled_after_s
                request.add(data)
                if request.is_malformed:
                    raise _Rejected(BAD_REQUEST)
                if not data:
                    break
                if request.is_oversized and not request.is_complete:
                    raise _Rejected(HEAD_TOO_LARGE)
        except TimeoutError:
            if request:
                raise _Rejected(TOO_SLOW) from None
        finally:
            self._waiting.discard(client)
            client.settimeout(None)
        return bool(request)

    def _linger(self, client: Any, network: str) -> None:
        """Discard what a client still sends, or it could lose the end of its answer."""
        displaced = self._lingering.add(client, network)
        if displaced is not None:
            end(displaced)
        try:
            with contextlib.suppress(OSError), gevent.Timeout(LINGER_S, exception=False):
                client.settimeout(None)
                client.shutdown(socket.SHUT_WR)
                left = MAX_DISCARDED_BYTES
                while left > 0 and (data := client.recv(READ_BYTES)):
                    left -= len(data)
        finally:
            self._lingering.discard(client)

    def handle_exit(self, sig: int, frame: Any) -> None:
        """Handle SIGTERM."""
        gevent.spawn(self._drain)
        super().handle_exit(sig, frame)

    def _drain(self) -> None:
        self.wsgi.extensions["fnt.background"].drain(retry_in_s=DRAIN_RETRY_S)
        while True:  # until the process ends: some still begin to wait
            for client in self._waiting.members():
                end(client)
            gevent.sleep(STOP_EVERY_S)

    def run(self) -> None:
        """Serve until SIGTERM, and finish what is running."""
        super().run()
        gc.freeze()  # or the interpreter collects all modules before it exits


class _Rejected(Exception):  # noqa: N818 -- an everyday outcome, not a failure
    def __init__(self, answer: Rejection) -> None:
        super().__init__(answer)
        self.answer = answer
