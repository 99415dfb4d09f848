"""Pings all sessions of a process from one thread."""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from typing import Any

from engineio.exceptions import SocketIsClosedError
from engineio.packet import PING, Packet

log = logging.getLogger(__name__)


class Pinger:
    """One thread, started with the first session.

    The library would start one for every ping, which sleeps on after its session has ended.
    """

    def __init__(self) -> None:
        self._due: deque[tuple[float, Any]] = deque()
        self._changed = threading.Condition()
        self._has_begun = False

    def schedule(self, session: Any) -> None:
        """Ping a session after the interval, which is the same for all."""
        with self._changed:
            self._due.append((time.monotonic() + session.server.ping_interval, session))
            if not self._has_begun:
                threading.Thread(target=self._run, name="pinger", daemon=True).start()
                self._has_begun = True
            self._changed.notify()

    def _run(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._due)
                due_at, session = self._due.popleft()
            time.sleep(max(0.0, due_at - time.monotonic()))
            if not session.closed:
                session.last_ping = time.time()
                try:
                    session.send(Packet(PING))
                except SocketIsClosedError:
                    continue
                except Exception:
                    log.exception("ping failed")
