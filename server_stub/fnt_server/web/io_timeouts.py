"""Timeouts of connections: what arrives or is read too slowly is cut off."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from collections.abc import Iterable, Iterator

from fnt_server.web.fair_dispatch import end_turn
from fnt_server.web.lingering_close import hang_up

WRITE_BYTES = 64 * 1024
"""What a client must read in time."""
CHECK_EVERY_S = 0.25


class StallGuard:
    """Ends what is read from a stalled socket, or hangs up; does nothing without a socket."""

    def __init__(
        self, connection: socket.socket | None, *, stalled_after_s: float, hangs_up: bool = False
    ) -> None:
        self._connection = connection
        self._stalled_after_s = stalled_after_s
        self._hangs_up = hangs_up
        self._began = time.monotonic()
        self.has_cut = False

    def __enter__(self) -> StallGuard:
        if self._connection is not None:
            _watch.add(self)
        return self

    def __exit__(self, *_: object) -> None:
        self.end()

    def end(self) -> None:
        """Stop guarding."""
        _watch.drop(self)

    def cut_if_stalled(self) -> None:
        """Cut the socket off if it has stalled."""
        if self._connection is None or self.has_cut:
            return
        if time.monotonic() - self._began > self._stalled_after_s:
            self.has_cut = True
            if self._hangs_up:
                hang_up(self._connection)
            else:
                with contextlib.suppress(OSError):
                    self._connection.shutdown(socket.SHUT_RD)


def written_in_time(
    items: Iterable[bytes], connection: socket.socket | None, *, stalled_after_s: float
) -> Iterator[bytes]:
    """Pass on an answer in pieces; shuts the connection down when one is not read in time."""
    end_turn()
    for item in items:
        for start in range(0, len(item), WRITE_BYTES):
            with StallGuard(connection, stalled_after_s=stalled_after_s, hangs_up=True):
                yield item[start : start + WRITE_BYTES]


class _Watch:
    """One thread for all guards of a process, started with the first."""

    def __init__(self) -> None:
        self._guards: set[StallGuard] = set()
        self._changed = threading.Condition()
        self._has_begun = False

    def add(self, guard: StallGuard) -> None:
        with self._changed:
            self._guards.add(guard)
            if not self._has_begun:
                threading.Thread(target=self._run, name="stall-guard", daemon=True).start()
                self._has_begun = True
            self._changed.notify()

    def drop(self, guard: StallGuard) -> None:
        with self._changed:
            self._guards.discard(guard)

    def _run(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._guards)
                # Under the lock: the socket of a dropped guard may already be reused.
                for guard in self._guards:
                    guard.cut_if_stalled()
            time.sleep(CHECK_EVERY_S)


_watch = _Watch()
