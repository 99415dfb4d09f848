"""Setup of the Socket.IO library for one connection. Slow to import, so loaded on connecting."""

from __future__ import annotations

import contextlib
import logging
import socket
import threading
from ssl import SSLContext
from typing import Any
from urllib.parse import urlsplit
from urllib.request import getproxies

import socketio
import websocket

from fnt.config.settings.proxy import find_proxy
from fnt.stream.frames import LimitedContinuation, LimitedFrameBuffer
from fnt.stream.protocol import SocketClient

GOODBYE_S = 0.2
HANDSHAKE_S = 20.0
NOBODY = "nobody.invalid"
"""Without any exception of ours the library would look for NO_PROXY, and read it its own way."""


class BriefWebSocket(websocket.WebSocket):
    """A WebSocket that closes quickly and uses the same proxy as REST.

    The library's reader thread often consumes the close frame that `close` waits for, which would
    cost 3 s each time. The library also ignores ALL_PROXY and the exemption of this machine.
    """

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.frame_buffer = LimitedFrameBuffer(self._recv, skip_utf8_validation=False)
        self.cont_frame = LimitedContinuation(fire_cont_frame=False, skip_utf8_validation=False)

    def connect(self, url: str, **options: Any) -> None:
        """Connect, through a proxy if one is configured."""
        options |= proxy_options(url)
        too_late = threading.Timer(HANDSHAKE_S, self._hang_up)
        too_late.start()
        try:
            super().connect(url, **options)  # type: ignore[no-untyped-call]  # untyped library
        finally:
            too_late.cancel()

    def _hang_up(self) -> None:
        """End a handshake that trickles: the library waits anew for each byte of it."""
        if self.sock is not None:
            with contextlib.suppress(OSError):
                self.sock.shutdown(socket.SHUT_RDWR)

    def close(
        self, status: int = 1000, reason: str | bytes = b"", timeout: float | None = 3
    ) -> None:
        """Close after a short timeout."""
        super().close(status, reason, min(timeout or GOODBYE_S, GOODBYE_S))


def proxy_options(url: str) -> dict[str, Any]:
    """Return the library's options for the effective proxy, or for none."""
    proxy = find_proxy(getproxies(), server=url)
    if proxy is None:  # the library honors its list of exceptions only if a proxy is named
        host = urlsplit(url).hostname or ""
        return {"http_proxy_host": host, "http_proxy_port": 1, "http_no_proxy": [host]}
    kind = {"https": "http"}.get(proxy.scheme, proxy.scheme)
    return {
        "http_proxy_host": proxy.host,
        "http_proxy_port": proxy.port,
        "http_proxy_auth": proxy.auth,
        "http_no_proxy": [NOBODY],
        "proxy_type": kind,
    }


def make_socket_client(timeout_s: float, ssl_context: SSLContext | None) -> SocketClient:
    """Return a client that connects once, handles no signals, and logs nothing."""
    # its own log would print to the terminal, including the token
    silent = logging.Logger("socketio", level=logging.CRITICAL + 1)
    # servers with an origin list reject an Origin header; a redirect could lead elsewhere
    options: dict[str, Any] = {
        "class_": BriefWebSocket,
        "redirect_limit": 0,
        "suppress_origin": True,
    }
    if ssl_context is not None:
        options["sslopt"] = {"context": ssl_context}
    client: SocketClient = socketio.Client(
        reconnection=False,
        handle_sigint=False,
        request_timeout=timeout_s,
        websocket_extra_options=options,
        logger=silent,
        engineio_logger=silent,
    )
    return client
