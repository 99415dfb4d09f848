"""Progress as log lines: one per state change, and a heartbeat. Emits no CR or ESC."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass

from fnt.output.formatting import (
    Stage,
    error_text,
    figures,
    is_reachable,
    link_words,
    percent_of,
    plural,
    saved_to,
    sent_of,
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

UPLOADED = "uploaded"
FOLLOWED = (Stage.ANALYZING, Stage.SPLITTING, Stage.MERGING)
"""Stages in which news come from the server, so that it matters how."""


@dataclass(frozen=True, slots=True)
class _Told:
    """What was last logged about a row."""

    stage: Stage
    percent: int
    has_job: bool
    """Whether the number of its job was told."""


class PlainRenderer(Renderer):
    """Logs to `terminal.err`, at least every SILENCE_S seconds while ticked."""

    def __init__(
        self,
        terminal: Terminal,
        *,
        criteria: DoneCriteria,
        clock: Callable[[], float],
        ends_only: bool = False,
    ) -> None:
        self._terminal = terminal
        self._criteria = criteria
        self._clock = clock
        self._ends_only = ends_only
        self._lock = threading.Lock()
        self._state = ProgressState()
        self._told: dict[str, _Told] = {}
        self._settled: set[str] = set()
        self._link = LinkState()
        self._link_told_at = -LINK_PAUSE_S
        self._spoke_at = clock()
        self.is_muted = False
        """Whether changes are only noted, because another renderer shows them."""

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
        told = self._told.get(row.key)
        job = row.job.id if row.job is not None and not (told and told.has_job) else None
        if self._criteria.is_reached(row):
            self._settled.add(row.key)
            self._told.pop(row.key, None)
            self._say(_ended_line(row, job), is_error=row.is_failed or row.save_error is not None)
        elif not row.is_done and not self._ends_only and self._is_news(row):
            self._told[row.key] = _Told(stage_of(row), _percent(row), row.job is not None)
            words = _running_words(row, self._state.link)
            if job is not None and words != UPLOADED:
                self._say(_named(row, "watching", job))
                job = None
            self._say(_named(row, words, job))

    def _is_news(self, row: Row) -> bool:
        if row.job is None and not sent_of(row):
            return False
        logged = self._told.get(row.key)
        if logged is None or logged.stage is not stage_of(row):
            return True
        return _percent(row) >= logged.percent + STEP_PERCENT

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
        if self._link.status in (LinkStatus.RECONNECTING, LinkStatus.RETRYING):
            self._say(_link_line(self._state.link, self._clock()))
        elif len(rows) == 1:
            self._say(_named(rows[0], _running_words(rows[0], self._state.link)))
        elif rows:
            self._say(", ".join([*tally(self._state), f"{plural(len(rows), 'job')} left"]))
        else:
            self._say(", ".join(filter(None, link_words(self._state.link, now=self._clock()))))

    def _say(self, line: str, *, is_error: bool = False) -> None:
        self._spoke_at = self._clock()
        if self.is_muted:
            return
        say = self._terminal.say_error if is_error else self._terminal.say
        say(line)


def _percent(row: Row) -> int:
    """Return how far a row's stage is: of an upload too, however little it counts for the job."""
    is_sent = row.job is not None or not row.size_bytes
    return percent_of(row) if is_sent else row.sent_bytes * 100 // row.size_bytes


def _running_words(row: Row, link: LinkState) -> str:
    stage = Stage.SAVING if row.is_done else stage_of(row)
    if stage is Stage.WAITING:
        return UPLOADED if row.sent_bytes else "waiting"
    if stage is Stage.UPLOADING:
        return " ".join(filter(None, ["uploading", sent_of(row)]))
    how = f" ({link.status})" if stage in FOLLOWED and is_reachable(link) else ""
    return f"{stage} {percent_of(row)} %{how}"


def _ended_line(row: Row, job: int | None) -> str:
    if not row.is_done:
        return _named(row, UPLOADED, job)
    trouble, code = error_text(row)
    if row.save_error is not None or stage_of(row) is Stage.CANCELLED:
        return _named(row, trouble, job)
    if row.is_failed:
        return _named(row, f"{stage_of(row)}: {trouble}" + (f" ({code})" if code else ""), job)
    saved = f"saved to {saved_to(row)}" if row.saved else ""
    return _named(row, ", ".join(filter(None, ["completed", *figures(row), saved])), job)


def _named(row: Row, words: str, job: int | None = None) -> str:
    """Return words about a row, with the number of its job if that was not told yet."""
    name = clean(row.title)
    if job is None:
        return f"{name}: {words}"
    return f"{name}, job {job}: {words}" if row.is_done else f"{name}: {words}, job {job}"


def _link_line(link: LinkState, now: float) -> str:
    words, note = link_words(link, now=now)
    if link.status is LinkStatus.RETRYING:
        return f"{note}, {words}"
    reason = f" ({clean(link.reason)})" if link.reason else ""
    what = "no connection yet" if link.is_first else "connection lost"
    lost = f"{what}{reason}: " if link.status is LinkStatus.RECONNECTING else ""
    return f"{lost or 'connection: '}{words}" + (f"; {note}" if note else "")
