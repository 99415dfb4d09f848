"""Read timeouts: closes connections whose client stops sending in the middle of a request."""

from __future__ import annotations

import contextlib
import socket
import threading
import time

CHECK_EVERY_S = 0.25


class StallGuard:
    """Shuts down the reading side of a stalled socket; does nothing without a socket."""

    def __init__(self, connection: socket.socket | None, *, stalled_after_s: float) -> None:
        self._connection = connection
        self._stalled_after_s = stalled_after_s
        self._last_progress = time.monotonic()
        self.has_cut = False

    def progressed(self) -> None:
        """Record progress."""
        self._last_progress = time.monotonic()

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
        """Shut the socket down if it has stalled."""
        if self._connection is None or self.has_cut:
            return
        if time.monotonic() - self._last_progress > self._stalled_after_s:
            self.has_cut = True
            with contextlib.suppress(OSError):
                self._connection.shutdown(socket.SHUT_RD)


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
