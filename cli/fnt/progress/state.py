"""What is displayed of a run: its rows and the connection."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

from fnt.progress.updates import LinkState, Refused
from fnt.wire.job_status import JobStatus

if TYPE_CHECKING:
    from fnt.wire.jobs import JobSnapshot  # importing it would slow down help and completion


STEADY_S = 3.0
STEADY_CHUNKS = 3
"""How long and how far a book must have been split before its speed says when it ends."""
STEADY_RUN_S = 5.0
STEADY_RUN_SHARE = 0.15
"""The same for a run of several: its duration, and its share of all work."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One input or job, from its upload to the saved result."""

    key: str
    title: str
    started_at: float
    """When its first byte was sent; for a job seen later, when its file had arrived."""
    changed_at: float
    sent_bytes: int = 0
    size_bytes: int = 0
    job: JobSnapshot | None = None
    refused: Refused | None = None
    saved: tuple[Path, ...] = ()
    save_error: str | None = None
    is_skipped: bool = False
    """Whether the upload was skipped because the job already existed."""
    splitting: tuple[float, int] | None = None
    """When splitting was first seen, and how many chunks were done by then."""
    ended_at: float | None = None

    @property
    def is_done(self) -> bool:
        """Whether the row can change no more, except that its result is saved."""
        return self.ended_at is not None

    def elapsed_s(self, now: float) -> float:
        """Return how long it has taken, or took."""
        return (now if self.ended_at is None else self.ended_at) - self.started_at

    @property
    def is_steady(self) -> bool:
        """Whether enough was split, for long enough, to tell its speed."""
        if self.splitting is None or self.job is None:
            return False
        since, chunks = self.splitting
        done = self.job.processed_chunks - chunks
        return done >= STEADY_CHUNKS and self.changed_at - since >= STEADY_S

    @property
    def is_failed(self) -> bool:
        """Whether the row ended without a result."""
        return self.is_done and (self.job is None or self.job.status is not JobStatus.COMPLETED)


@dataclass(frozen=True, slots=True, kw_only=True)
class RetiredCounts:
    """Counts of retired rows, by how they ended."""

    completed: int = 0
    failed: int = 0
    refused: int = 0
    cancelled: int = 0

    @property
    def total(self) -> int:
        """Return the total count."""
        return self.completed + self.failed + self.refused + self.cancelled


@dataclass(frozen=True, slots=True, kw_only=True)
class ProgressState:
    """Everything a renderer needs. Rows are in order of appearance."""

    rows: Mapping[str, Row] = field(default_factory=lambda: MappingProxyType({}))
    keys_by_job: Mapping[int, tuple[str, ...]] = field(default_factory=lambda: MappingProxyType({}))
    """Rows by job number; several if the same file was given more than once."""
    link: LinkState = field(default_factory=LinkState)
    server: str = ""
    retired: RetiredCounts = field(default_factory=RetiredCounts)
    started_at: float = 0.0
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


def time_left_s(row: Row, *, now: float) -> float | None:
    """Estimate the seconds until the row's job ends; None until its speed is steady."""
    job = row.job
    if row.is_done or job is None or row.splitting is None or not row.is_steady:
        return None
    since, chunks = row.splitting
    pace_s = (row.changed_at - since) / (job.processed_chunks - chunks)
    left = ((job.total_chunks or 0) - job.processed_chunks) * pace_s
    return max(0.0, left - (now - row.changed_at))


def run_left_s(state: ProgressState, *, now: float) -> float | None:
    """Estimate the seconds until all rows have ended; None until the speed is steady."""
    jobs = [row.job for row in state.rows.values() if not row.is_done]
    completed = sum(row.is_done and not row.is_failed for row in state.rows.values())
    parts = sum(job.progress_percent for job in jobs if job is not None) / 100
    done = state.retired.completed + completed + parts
    left = len(jobs) + state.pending - parts
    elapsed = now - state.started_at
    if elapsed < STEADY_RUN_S or done < STEADY_RUN_SHARE * (done + left):
        return None
    return left * elapsed / done
