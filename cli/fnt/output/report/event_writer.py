"""Writes the events of `--jsonl`."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING, Any

from fnt.wire.times import Time

if TYPE_CHECKING:
    from fnt.wire.run_events import RunEvent  # importing it would slow down help and completion


class EventWriter:
    """Writes events with a sequence number and a timestamp."""

    def __init__(self, write: Callable[[dict[str, Any]], None], *, now: Callable[[], datetime]):
        self._write = write
        self._now = now
        self._seq = 0
        self._lock = threading.Lock()

    def emit(self, kind: type[RunEvent], **fields: Any) -> None:
        """Write one event."""
        with self._lock:
            number = self._seq + 1
            event = kind(seq=number, ts=Time.of(self._now()), **fields).to_wire()
            self._seq = number  # not before: a signal may end this in between
            self._write(event)
