"""Progress as log lines: one per state change, and a heartbeat. Emits no CR or ESC."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from fnt.output.formatting import (
    Stage,
    chunks_of,
    error_text,
    figures,
    link_words,
    percent_of,
    plural,
    saved_to,
    stage_of,
    tally,
)
from fnt.output.renderer import DoneCriteria, Renderer
from fnt.output.sanitize import clean
from fnt.output.terminal import Terminal
from fnt.progress import LinkState, LinkStatus, ProgressState, Row

STEP_PERCENT = 10
SILENCE_S = 30.0
LINK_PAUSE_S = 5.0
"""Minimum seconds between two messages about an unstable connection."""


@dataclass(frozen=True, slots=True)
class _Told:
    """What was last logged about a row."""

    stage: Stage
    percent: int


class PlainRenderer(Renderer):
    """Logs to `terminal.err`, at least every SILENCE_S seconds while ticked."""

    def __init__(
        self,
        terminal: Terminal,
        *,
        criteria: DoneCriteria,
        clock: Callable[[], float],
        now: Callable[[], datetime],
        ends_only: bool = False,
    ) -> None:
        self._terminal = terminal
        self._criteria = criteria
        self._clock = clock
        self._now = now
        self._ends_only = ends_only
        self._lock = threading.Lock()
        self._state = ProgressState()
        self._told: dict[str, _Told] = {}
        self._settled: set[str] = set()
        self._link = LinkState()
        self._link_told_at = -LINK_PAUSE_S
        self._spoke_at = clock()

    def render(self, state: ProgressState) -> None:
        """Log all changes since the last state."""
        with self._lock:
            before, self._state = self._state, state
            for key, row in state.rows.items():
                if row is not before.rows.get(key):
                    self._tell_row(row)
            if state.retired is not before.retired:
                self._settled &= state.rows.keys()
            self._tell_link()

    def tick(self) -> None:
        """Log a delayed connection change, and a heartbeat after a long silence."""
        with self._lock:
            self._tell_link()
            if self._clock() - self._spoke_at >= SILENCE_S and not self._ends_only:
                self._tell_heartbeat()

    def _tell_row(self, row: Row) -> None:
        if row.key in self._settled:
            return
        if self._criteria.is_reached(row):
            self._settled.add(row.key)
            self._told.pop(row.key, None)
            self._say(_ended_line(row), is_error=row.is_failed or row.save_error is not None)
        elif not row.is_done and not self._ends_only and self._is_news(row):
            self._told[row.key] = _Told(stage_of(row), percent_of(row))
            self._say(_running_line(row))

    def _is_news(self, row: Row) -> bool:
        if row.job is None and not row.sent_bytes:
            return False
        logged = self._told.get(row.key)
        if logged is None or logged.stage is not stage_of(row):
            return True
        return percent_of(row) >= logged.percent + STEP_PERCENT

    def _tell_link(self) -> None:
        link, now = self._state.link, self._clock()
        if link.status is self._link.status or self._ends_only:
            return
        first = self._link.status in (LinkStatus.IDLE, LinkStatus.CONNECTING)
        if first and link.status in (LinkStatus.CONNECTING, LinkStatus.LIVE):
            self._link = link
            return
        if now - self._link_told_at < LINK_PAUSE_S:
            return
        self._link, self._link_told_at = link, now
        self._say(_link_line(link, now))

    def _tell_heartbeat(self) -> None:
        rows = [row for row in self._state.rows.values() if row.key not in self._settled]
        if len(rows) == 1:
            self._say(_running_line(rows[0]))
        elif rows:
            self._say(f"{tally(self._state)}, {plural(len(rows), 'job')} in progress")
        else:
            self._say(link_words(self._state.link, now=self._clock()))

    def _say(self, line: str, *, is_error: bool = False) -> None:
        self._spoke_at = self._clock()
        say = self._terminal.say_error if is_error else self._terminal.say
        say(f"{self._now():%H:%M:%S} {line}")


def _name(row: Row) -> str:
    job = f" job {row.job.id}" if row.job is not None else ""
    return clean(row.title) + job


def _running_line(row: Row) -> str:
    stage = Stage.SAVING if row.is_done else stage_of(row)
    chunks = f" ({chunks_of(row)})" if stage is Stage.SPLITTING else ""
    return f"{_name(row)} {stage} {percent_of(row)}%{chunks}"


def _ended_line(row: Row) -> str:
    if not row.is_done:
        return f"{_name(row)} accepted"
    if row.is_failed:
        trouble, code = error_text(row)
        stage = "" if stage_of(row) is Stage.CANCELLED else f"{stage_of(row)}: "
        return f"{_name(row)} {stage}{trouble}" + (f" [{code}]" if code else "")
    if row.save_error is not None:
        return f"{_name(row)} completed, but not saved: {clean(row.save_error)}"
    arrow = f" -> {saved_to(row)}" if row.saved else ""
    return f"{_name(row)} completed: {figures(row).replace(' · ', ', ')}{arrow}"


def _link_line(link: LinkState, now: float) -> str:
    reason = f": {clean(link.reason)}" if link.reason else ""
    if link.status is LinkStatus.RECONNECTING:
        words = link_words(link, now=now).replace(", the server keeps the jobs", "")
        return f"connection lost{reason}, {words}; the server keeps the jobs"
    return f"connection: {link_words(link, now=now)}"
