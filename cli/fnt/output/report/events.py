"""Progress as JSON Lines: one event per change, flushed immediately."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

from fnt.output.renderer import Renderer
from fnt.output.report.event_writer import EventWriter
from fnt.progress import LinkState, ProgressState, Row
from fnt.wire.run_events import (
    FileRefused,
    JobEnded,
    JobProgress,
    LinkChange,
    OutputWritten,
    RunEvent,
    UploadProgress,
)

UPLOAD_STEPS = 20
"""Maximum number of progress events per upload."""

SILENCE_S = 30.0
"""Repeat the connection event after this many seconds without any event."""


class JsonRenderer(Renderer):
    """Writes the differences between successive states as events."""

    def __init__(self, events: EventWriter, *, clock: Callable[[], float]) -> None:
        self._events = events
        self._clock = clock
        self._state = ProgressState()
        self._lock = threading.Lock()
        self._spoke_at = clock()

    def render(self, state: ProgressState) -> None:
        """Write an event for each row that changed, and for the connection."""
        with self._lock:
            self._render(state)

    def tick(self) -> None:
        """Repeat the connection event after a long silence, as a sign of life."""
        with self._lock:
            if self._clock() - self._spoke_at >= SILENCE_S:
                self._emit(LinkChange, **_link(self._state.link, now=self._clock()))

    def _render(self, state: ProgressState) -> None:
        before, self._state = self._state, state
        if state.link != before.link:
            self._emit(LinkChange, **_link(state.link, now=self._clock()))
        for key, row in state.rows.items():
            if row is not before.rows.get(key):
                self._tell(row, before.rows.get(key))

    def _emit(self, kind: type[RunEvent], **fields: Any) -> None:
        self._spoke_at = self._clock()
        self._events.emit(kind, **fields)

    def _tell(self, row: Row, before: Row | None) -> None:
        if row.job is None and row.refused is None and _steps(row) != _steps(before):
            self._emit(
                UploadProgress,
                file=row.title,
                sent_bytes=row.sent_bytes,
                size_bytes=row.size_bytes,
            )
        if row.refused is not None and (before is None or before.refused is None):
            self._emit(
                FileRefused, file=row.title, code=row.refused.code, message=row.refused.message
            )
        if row.job is not None and (before is None or row.job != before.job):
            kind = JobEnded if row.job.status.is_terminal else JobProgress
            self._emit(kind, job=row.job)
        for path in row.saved[len(before.saved) if before else 0 :]:
            self._emit(OutputWritten, job_id=row.job and row.job.id, path=str(path))


def _steps(row: Row | None) -> int:
    if row is None:
        return -1
    return row.sent_bytes * UPLOAD_STEPS // row.size_bytes if row.size_bytes else 0


def _link(link: LinkState, *, now: float) -> dict[str, Any]:
    retry_in = None if link.retry_at is None else round(max(0.0, link.retry_at - now), 1)
    left_s = None if link.give_up_at is None else max(0.0, link.give_up_at - now)
    give_up_in = None if left_s is None else round(left_s, 1)
    return {
        "status": link.status,
        "attempt": link.attempt,
        "retry_in_s": retry_in,
        "poll_every_s": link.poll_every_s,
        "reason": link.reason,
        "give_up_in_s": give_up_in,
    }
