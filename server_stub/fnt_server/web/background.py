"""Background checks of the web process: sockets to close."""

from __future__ import annotations

import logging
import threading
import time
from typing import Any

from socketio.manager import Manager

from fnt.wire import events
from fnt.wire.socket_payloads import Draining
from fnt_server.failure_reasons import reason
from fnt_server.web.services import Services
from fnt_server.web.sockets.registry import SocketRegistry

log = logging.getLogger(__name__)

EVERY_S = 2.0
CLOSE_WITHIN_S = 5.0
DRAIN_RETRY_S = 2.0
"""When clients are told to reconnect; by then a restarted server answers."""


class BackgroundTasks:
    """A background thread of one web process."""

    def __init__(self, server: Any, connections: SocketRegistry, services: Services) -> None:
        self._server = server
        self._connections = connections
        self._services = services
        self._first_seen: dict[str, float] = {}
        self._closed = threading.Event()
        self._thread = threading.Thread(target=self._run, name="background", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stop after the current round."""
        self._closed.set()
        self._services.logged_out.set()
        self._thread.join(CLOSE_WITHIN_S)

    def drain(self, *, retry_in_s: float) -> None:
        """Announce the stop to this process's clients only, then close their transports.

        A client that is disconnected in the protocol of Socket.IO would not connect again.
        """
        Manager.emit(
            self._server.manager,
            events.SERVER_DRAINING,
            Draining(retry_in=retry_in_s).to_wire(),
            namespace="/",
        )
        time.sleep(retry_in_s)
        for sid in list(self._server.eio.sockets):
            _close_transport(self._server.eio, sid)

    def _run(self) -> None:
        while not self._closed.is_set():
            for task in (
                self._close_unauthenticated,
                self._unregister_closed,
                self._close_ended,
            ):
                try:
                    task()
                except Exception as error:  # the next round tries again
                    log.warning("%s: %s", task.__name__, reason(error))
            self._services.logged_out.wait(EVERY_S)
            self._services.logged_out.clear()

    def _close_unauthenticated(self) -> None:
        """Close transports whose client never completed `connect`."""
        now, eio = time.monotonic(), self._server.eio
        known = {self._server.manager.eio_sid_from_sid(sid, "/") for sid in self._connections.all()}
        unauthenticated = [sid for sid in list(eio.sockets) if sid not in known]
        self._first_seen = {sid: self._first_seen.get(sid, now) for sid in unauthenticated}
        for sid, since in self._first_seen.items():
            if now - since > self._services.config.sockets.connect_within_s:
                _close_transport(eio, sid)

    def _unregister_closed(self) -> None:
        """Unregister sockets whose transport closed during authentication.

        The library reports no disconnect of a client that was not connected yet.
        """
        for sid in self._connections.all():
            if self._server.manager.eio_sid_from_sid(sid, "/") not in self._server.eio.sockets:
                self._server.disconnect(sid, ignore_queue=True)
                self._connections.unregister(sid)

    def _close_ended(self) -> None:
        """Close sockets whose token has expired or whose login was revoked."""
        connected = self._connections.all()
        if not connected:
            return
        valid = self._services.authenticator.still_valid(set(connected.values()))
        for sid, identity in connected.items():
            if identity not in valid:
                self._server.disconnect(sid, ignore_queue=True)


def _close_transport(eio: Any, sid: str) -> None:
    """Close a transport without waiting for its peer to read what was written."""
    transport = eio.sockets.get(sid)
    if transport is not None:
        transport.close(wait=False)
