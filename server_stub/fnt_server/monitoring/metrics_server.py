"""The HTTP server of the metrics, which no crowd on this machine can make large."""

from __future__ import annotations

import logging
import socket
import sys
import threading
from http.server import ThreadingHTTPServer
from typing import Any

from prometheus_client import CollectorRegistry, MetricsHandler

log = logging.getLogger(__name__)

MAX_CONNECTIONS = 32
"""Each takes a thread and a descriptor of a process that has more to do; others are closed."""
SILENT_S = 5.0


class MetricsServer(ThreadingHTTPServer):
    """Serves a registry on an open socket."""

    def __init__(self, listener: socket.socket, registry: CollectorRegistry) -> None:
        handler = MetricsHandler.factory(registry)
        handler.timeout = SILENT_S  # type: ignore[attr-defined]
        super().__init__(listener.getsockname(), handler, bind_and_activate=False)
        self.socket.close()
        self.socket = listener
        self._places = threading.Semaphore(MAX_CONNECTIONS)

    def process_request(self, request: Any, client_address: Any) -> None:
        """Answer a request in its own thread, or close it if there are too many."""
        if not self._places.acquire(blocking=False):
            self.shutdown_request(request)
            return
        try:
            super().process_request(request, client_address)
        except BaseException:  # no thread could be started
            self._places.release()
            raise

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        """Answer a request."""
        try:
            super().process_request_thread(request, client_address)
        finally:
            self._places.release()

    def handle_error(self, request: Any, client_address: Any) -> None:  # noqa: ARG002
        """Log what cannot be answered; the library would print it in many lines."""
        log.warning("metrics request failed: %s", type(sys.exception()).__name__)
