"""Closes connections without waiting for their clients, and without losing the end of an answer."""

from __future__ import annotations

import contextlib
import selectors
import socket
import threading
import time
from collections import OrderedDict
from collections.abc import Callable

LINGER_S = 2.0
MAX_LINGERING = 128
"""With more, the oldest is closed at once."""
MAX_DISCARDED_BYTES = 64 * 1024
CHECK_EVERY_S = 0.25


class LingeringCloser:
    """One thread that discards what clients still send until they close (RFC 9112 section 9.6)."""

    def __init__(self) -> None:
        self._new: list[tuple[socket.socket, Callable[[], None]]] = []
        self._changed = threading.Condition()
        self._selector = selectors.DefaultSelector()
        self._lingering: OrderedDict[socket.socket, _Lingering] = OrderedDict()
        self._has_begun = False

    def close(self, connection: socket.socket, on_closed: Callable[[], None]) -> None:
        """Close a connection soon; `on_closed` is called in another thread."""
        with self._changed:
            self._new.append((connection, on_closed))
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
            for connection, on_closed in new:
                self._begin(connection, on_closed)
            self._discard()
            now = time.monotonic()
            while self._lingering:
                connection, oldest = next(iter(self._lingering.items()))
                if len(self._lingering) <= MAX_LINGERING and oldest.ends_at > now:
                    break
                self._end(connection)

    def _begin(self, connection: socket.socket, on_closed: Callable[[], None]) -> None:
        try:
            connection.setblocking(False)
            connection.shutdown(socket.SHUT_WR)
            self._selector.register(connection, selectors.EVENT_READ)
        except (OSError, ValueError):  # the client has left
            _close(connection)
            on_closed()
            return
        self._lingering[connection] = _Lingering(on_closed)

    def _discard(self) -> None:
        for key, _ in self._selector.select(CHECK_EVERY_S if self._lingering else 0):
            connection = key.fileobj
            assert isinstance(connection, socket.socket)
            try:
                size = len(connection.recv(4096))
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
