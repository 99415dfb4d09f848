"""Reducer from updates to displayed progress. Pure and deterministic."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Union

from fnt.errors import ExitCode
from fnt.wire.job_status import JobStatus

if TYPE_CHECKING:
    from fnt.wire.jobs import JobSnapshot  # importing it would slow down help and completion


class LinkStatus(StrEnum):
    """How updates reach this client."""

    IDLE = "idle"  # nothing to watch yet
    CONNECTING = "connecting"  # the first attempt is in progress
    LIVE = "live"  # over the WebSocket
    RECONNECTING = "reconnecting"  # WebSocket lost; the next attempt is at `retry_at`
    POLLING = "polling"  # over REST, while reconnecting the WebSocket


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkState:
    """The connection as shown to the user. Times use the clock passed to `reduce`."""

    status: LinkStatus = LinkStatus.IDLE
    attempt: int = 0
    retry_at: float | None = None
    """When the next connection attempt is due."""
    poll_every_s: float | None = None
    reason: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class UploadProgress:
    """The number of bytes of one input sent so far."""

    key: str
    """Identifies the row, even before it has a job; unique in a run."""
    title: str
    sent_bytes: int
    size_bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Accepted:
    """The server has the file; the row now follows the job."""

    key: str
    job: JobSnapshot
    is_skipped: bool = False
    """Whether the upload was skipped because the server already had the file in this job."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """An input that did not become a running job."""

    key: str
    title: str
    message: str
    code: str | None = None
    hint: str | None = None
    request_id: str | None = None
    exit_code: ExitCode = ExitCode.REFUSED


@dataclass(frozen=True, slots=True, kw_only=True)
class Saved:
    """A result that has been saved to disk."""

    job_id: int
    path: Path
    key: str | None = None
    """The row it was saved for; if None, the first row that follows the job."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SaveFailed:
    """A result that could not be downloaded or written; the job itself is unaffected."""

    job_id: int
    message: str
    key: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RowsRetired:
    """Rows that are no longer shown individually, only counted."""

    keys: tuple[str, ...]


Update = Union[
    UploadProgress, Accepted, Refused, Saved, SaveFailed, RowsRetired, LinkState, "JobSnapshot"
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One input or job, from its upload to the saved result."""

    key: str
    title: str
    started_at: float
    changed_at: float
    sent_bytes: int = 0
    size_bytes: int = 0
    job: JobSnapshot | None = None
    refused: Refused | None = None
    saved: tuple[Path, ...] = ()
    save_error: str | None = None
    is_skipped: bool = False
    """Whether the upload was skipped because the job already existed."""
    rate: float | None = None
    """Smoothed progress rate, in percent per second."""
    ended_at: float | None = None

    @property
    def is_done(self) -> bool:
        """Whether the row can change no more, except that its result is saved."""
        return self.ended_at is not None

    @property
    def is_failed(self) -> bool:
        """Whether the row ended without a result."""
        return self.is_done and (self.job is None or self.job.status is not JobStatus.COMPLETED)


@dataclass(frozen=True, slots=True, kw_only=True)
class RetiredCounts:
    """Counts of retired rows, by how they ended."""

    completed: int = 0
    failed: int = 0
    cancelled: int = 0

    @property
    def total(self) -> int:
        """Return the total count."""
        return self.completed + self.failed + self.cancelled


@dataclass(frozen=True, slots=True, kw_only=True)
class ProgressState:
    """Everything a renderer needs. Rows are in order of appearance."""

    rows: Mapping[str, Row] = field(default_factory=lambda: MappingProxyType({}))
    keys_by_job: Mapping[int, tuple[str, ...]] = field(default_factory=lambda: MappingProxyType({}))
    """Rows by job number; several if the same file was given more than once."""
    link: LinkState = field(default_factory=LinkState)
    server: str = ""
    retired: RetiredCounts = field(default_factory=RetiredCounts)
    pending: int = 0
    """Number of expected rows that have not appeared yet."""

    @property
    def count(self) -> int:
        """Return the number of all rows: retired, shown, and pending."""
        return self.retired.total + len(self.rows) + self.pending

    @property
    def is_done(self) -> bool:
        """Whether every row has ended."""
        return all(row.is_done for row in self.rows.values())

    def row_of(self, job_id: int) -> Row | None:
        """Return the first row that follows a job, or None."""
        keys = self.keys_by_job.get(job_id)
        return self.rows[keys[0]] if keys else None


RATE_HALF_LIFE_S = 10.0
"""Seconds without progress after which an old rate has half its weight."""


def reduce(state: ProgressState, update: Update, *, now: float) -> ProgressState:
    """Apply one update; return the same object for a late or repeated one."""
    match update:
        case UploadProgress():
            return _fold_upload(state, update, now)
        case Accepted():
            return _fold_accepted(state, update, now)
        case Refused():
            return _fold_refused(state, update, now)
        case Saved() | SaveFailed():
            return _fold_saving(state, update)
        case RowsRetired():
            return _fold_retired(state, update)
        case LinkState():
            return state if update == state.link else replace(state, link=update)
        case _:
            return _fold_job(state, update, now)


def is_newer(current: JobSnapshot | None, candidate: JobSnapshot) -> bool:
    """Return whether a snapshot has a higher version, and the current one is not final."""
    if current is None:
        return True
    return not current.status.is_terminal and candidate.version > current.version


def time_left_s(row: Row, *, now: float) -> float | None:
    """Estimate the seconds until the row's job ends, from its rate; None if unknown."""
    if row.is_done or row.job is None or not row.rate:
        return None
    remaining = (100 - row.job.progress_percent) / row.rate
    return max(0.0, remaining - (now - row.changed_at))


def _fold_job(state: ProgressState, job: JobSnapshot, now: float) -> ProgressState:
    for key in state.keys_by_job.get(job.id, (f"job:{job.id}",)):
        row = state.rows.get(key)
        if row is None:
            row = Row(key=key, title=job.original_filename, started_at=now, changed_at=now)
        if is_newer(row.job, job):
            state = _with_row(state, _advanced(row, job, now), job_id=job.id)
    return state


def _advanced(row: Row, job: JobSnapshot, now: float) -> Row:
    shown = row.job.progress_percent if row.job else 0
    job = job.replaced(progress_percent=max(shown, job.progress_percent))
    return replace(
        row,
        job=job,
        rate=_smoothed(row, job, now),
        changed_at=now,
        ended_at=now if job.status.is_terminal else None,
    )


def _smoothed(row: Row, job: JobSnapshot, now: float) -> float | None:
    """Return the moving average of the rate, weighted by the duration of each sample."""
    if row.job is None or row.job.processed_chunks == job.processed_chunks:
        return row.rate
    elapsed = now - row.changed_at
    gained = job.progress_percent - row.job.progress_percent
    if elapsed <= 0 or gained <= 0:
        return row.rate
    sample = gained / elapsed
    if row.rate is None:
        return sample
    weight = 1 - math.pow(0.5, elapsed / RATE_HALF_LIFE_S)
    return row.rate + weight * (sample - row.rate)


def _fold_upload(state: ProgressState, update: UploadProgress, now: float) -> ProgressState:
    row = state.rows.get(update.key) or Row(
        key=update.key, title=update.title, started_at=now, changed_at=now
    )
    if row.job is not None or row.is_done:
        return state
    sent = max(row.sent_bytes, update.sent_bytes)
    return _with_row(
        state, replace(row, sent_bytes=sent, size_bytes=update.size_bytes, changed_at=now)
    )


def _fold_accepted(state: ProgressState, update: Accepted, now: float) -> ProgressState:
    row = state.rows.get(update.key) or Row(
        key=update.key, title=update.job.original_filename, started_at=now, changed_at=now
    )
    if not is_newer(row.job, update.job):
        return state
    row = replace(row, sent_bytes=row.size_bytes, is_skipped=update.is_skipped)
    return _with_row(state, _advanced(row, update.job, now), job_id=update.job.id)


def _fold_refused(state: ProgressState, update: Refused, now: float) -> ProgressState:
    row = state.rows.get(update.key) or Row(
        key=update.key, title=update.title, started_at=now, changed_at=now
    )
    if row.is_done:
        return state
    return _with_row(state, replace(row, refused=update, changed_at=now, ended_at=now))


def _fold_saving(state: ProgressState, update: Saved | SaveFailed) -> ProgressState:
    row = state.row_of(update.job_id) if update.key is None else state.rows.get(update.key)
    if row is None:
        return state
    if isinstance(update, Saved):
        if update.path in row.saved:
            return state
        return _with_row(state, replace(row, saved=(*row.saved, update.path)))
    if row.save_error is not None:
        return state
    return _with_row(state, replace(row, save_error=update.message))


def _fold_retired(state: ProgressState, update: RowsRetired) -> ProgressState:
    gone = [state.rows[key] for key in update.keys if key in state.rows and state.rows[key].is_done]
    if not gone:
        return state
    keys = {row.key for row in gone}
    cancelled = sum(1 for row in gone if row.job and row.job.status is JobStatus.CANCELLED)
    failed = sum(1 for row in gone if row.is_failed) - cancelled
    retired = RetiredCounts(
        completed=state.retired.completed + len(gone) - failed - cancelled,
        failed=state.retired.failed + failed,
        cancelled=state.retired.cancelled + cancelled,
    )
    return replace(
        state,
        rows=MappingProxyType({k: row for k, row in state.rows.items() if k not in keys}),
        keys_by_job=MappingProxyType(
            {
                job_id: left
                for job_id, followers in state.keys_by_job.items()
                if (left := tuple(key for key in followers if key not in keys))
            }
        ),
        retired=retired,
    )


def _with_row(state: ProgressState, row: Row, *, job_id: int | None = None) -> ProgressState:
    if row.key not in state.rows and state.pending:
        state = replace(state, pending=state.pending - 1)
    rows = MappingProxyType({**state.rows, row.key: row})
    followers = state.keys_by_job.get(job_id, ()) if job_id is not None else ()
    if job_id is None or row.key in followers:
        return replace(state, rows=rows)
    keys = MappingProxyType({**state.keys_by_job, job_id: (*followers, row.key)})
    return replace(state, rows=rows, keys_by_job=keys)
