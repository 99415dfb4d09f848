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
            self._seq += 1
            self._write(kind(seq=self._seq, ts=Time.of(self._now()), **fields).to_wire())
