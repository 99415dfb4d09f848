"""Closes connections without waiting for their clients: gently, or at once."""

from __future__ import annotations

import contextlib
import selectors
import socket
import struct
import threading
import time
from collections import OrderedDict
from collections.abc import Callable

from fnt_server.web.eviction_pool import EvictionPool

LINGER_S = 2.0
MAX_LINGERING = 128
"""With more, the oldest of the network that has most is closed at once."""
MAX_DISCARDED_BYTES = 1024 * 1024
CHECK_EVERY_S = 0.25


def hang_up(connection: socket.socket) -> None:
    """Shut a connection down in both directions; readers and writers notice.

    It will end with a reset: after a plain end, a client whose window is full when the rest of its
    data is discarded would wait for minutes to send more.
    """
    with contextlib.suppress(OSError):
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    end(connection)


def end(connection: socket.socket) -> None:
    """Shut a connection down in both directions; its client still gets what was sent."""
    with contextlib.suppress(OSError):
        connection.shutdown(socket.SHUT_RDWR)


def lingering_connections() -> EvictionPool[socket.socket]:
    """Return the pool for connections that are being closed."""
    return EvictionPool(capacity=MAX_LINGERING, per_address=MAX_LINGERING)


class LingeringCloser:
    """One thread that discards what clients still send until they close (RFC 9112 section 9.6)."""

    def __init__(self) -> None:
        self._new: list[tuple[socket.socket, str, Callable[[], None]]] = []
        self._changed = threading.Condition()
        self._selector = selectors.DefaultSelector()
        self._lingering: OrderedDict[socket.socket, _Lingering] = OrderedDict()
        self._networks = lingering_connections()
        self._has_begun = False

    def close(self, connection: socket.socket, network: str, on_closed: Callable[[], None]) -> None:
        """Close a connection soon; `on_closed` is called in another thread."""
        with self._changed:
            self._new.append((connection, network, on_closed))
            if not self._has_begun:
                threading.Thread(target=self._run, name="lingering-close", daemon=True).start()
                self._has_begun = True
            self._changed.notify()

    def _run(self) -> None:
        while True:
            with self._changed:
                if not self._lingering:
                    self._changed.wait_for(lambda: self._new)
                new, self._new = self._new, []
            for connection, network, on_closed in new:
                self._begin(connection, network, on_closed)
            self._discard()
            now = time.monotonic()
            while self._lingering:
                connection, oldest = next(iter(self._lingering.items()))
                if oldest.ends_at > now:
                    break
                self._end(connection)

    def _begin(
        self, connection: socket.socket, network: str, on_closed: Callable[[], None]
    ) -> None:
        try:
            connection.setblocking(False)
            connection.shutdown(socket.SHUT_WR)
            self._selector.register(connection, selectors.EVENT_READ)
        except (OSError, ValueError, KeyError):  # the client has left, or is here twice
            _close(connection)
            on_closed()
            return
        self._lingering[connection] = _Lingering(on_closed)
        displaced = self._networks.add(connection, network)
        if displaced is not None:
            self._end(displaced)

    def _discard(self) -> None:
        for key, _ in self._selector.select(CHECK_EVERY_S if self._lingering else 0):
            connection = key.fileobj
            assert isinstance(connection, socket.socket)
            try:
                size = len(connection.recv(64 * 1024))
            except BlockingIOError:
                continue
            except OSError:
                size = 0
            state = self._lingering[connection]
            state.discarded_bytes += size
            if not size or state.discarded_bytes >= MAX_DISCARDED_BYTES:
                self._end(connection)

    def _end(self, connection: socket.socket) -> None:
        state = self._lingering.pop(connection)
        self._networks.discard(connection)
        self._selector.unregister(connection)
        _close(connection)
        state.on_closed()


class _Lingering:
    def __init__(self, on_closed: Callable[[], None]) -> None:
        self.on_closed = on_closed
        self.ends_at = time.monotonic() + LINGER_S
        self.discarded_bytes = 0


def _close(connection: socket.socket) -> None:
    with contextlib.suppress(OSError):
        connection.close()
