"""The watched jobs: their latest state, and when each was last updated."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

from fnt.progress import is_newer
from fnt.session.reconnect_timing import ReconnectTiming
from fnt.wire.job_status import JobStatus
from fnt.wire.jobs import JobSnapshot

WAITING_JOBS_PER_S = 10
"""Maximum number of waiting jobs queried per second."""


@dataclass(slots=True, kw_only=True)
class Watched:
    """A watched job."""

    job_id: int
    keys: list[str]
    """Keys of the rows that follow it."""
    job: JobSnapshot | None = None
    heard_at: float = -math.inf
    """Time of its last update over the socket."""
    asked_at: float | None = None
    """When the unanswered join was sent; None if there is none."""

    @property
    def is_running(self) -> bool:
        """Whether it may still change."""
        return self.job is None or not self.job.status.is_terminal


class JobTracker:
    """All jobs of a run; updates of other jobs are ignored."""

    def __init__(self, *, timing: ReconnectTiming) -> None:
        self._timing = timing
        self._jobs: dict[int, Watched] = {}
        self._running: dict[int, Watched] = {}

    def add(self, job_id: int, *, key: str | None = None, job: JobSnapshot | None = None) -> None:
        """Watch a job; if it is already watched, add a row that follows it."""
        key = key or f"job:{job_id}"
        if (known := self._jobs.get(job_id)) is not None:
            known.keys += [key] if key not in known.keys else []
            return
        watched = self._jobs[job_id] = Watched(job_id=job_id, keys=[key], job=job)
        if watched.is_running:
            self._running[job_id] = watched

    def remove(self, job_id: int) -> None:
        """Stop watching a job."""
        self._jobs.pop(job_id, None)
        self._running.pop(job_id, None)

    def get(self, job_id: int) -> Watched | None:
        """Return a watched job, or None."""
        return self._jobs.get(job_id)

    @property
    def running(self) -> tuple[Watched, ...]:
        """Return the jobs that may still change."""
        return tuple(self._running.values())

    @property
    def is_idle(self) -> bool:
        """Whether no job may still change."""
        return not self._running

    def accept(self, job: JobSnapshot) -> bool:
        """Store a snapshot; return whether it is new."""
        watched = self._jobs.get(job.id)
        if watched is None or not is_newer(watched.job, job):
            return False
        watched.job = job
        if job.status.is_terminal:
            self._running.pop(job.id, None)
        return True

    def forget_socket(self) -> None:
        """Reset the state of the socket, because a new one will be used."""
        for watched in self._running.values():
            watched.heard_at, watched.asked_at = -math.inf, None

    def due(self, now: float) -> Iterator[Watched]:
        """Yield the jobs to query: new ones immediately, silent ones in turn."""
        waiting = sum(1 for watched in self._running.values() if _is_waiting(watched))
        patience_s = max(self._timing.silence_s, waiting / WAITING_JOBS_PER_S)
        for watched in self._running.values():
            silence_s = patience_s if _is_waiting(watched) else self._timing.silence_s
            if watched.asked_at is None:
                is_due = now - watched.heard_at >= silence_s
            else:
                is_due = now - watched.asked_at >= silence_s + self._timing.answer_s
            if is_due:
                yield watched

    def unanswered_since(self) -> float:
        """Return when the oldest unanswered query was sent; infinity if there is none."""
        sent_at = [w.asked_at for w in self._running.values() if w.asked_at is not None]
        return min(sent_at, default=math.inf)


def _is_waiting(watched: Watched) -> bool:
    return watched.job is not None and watched.job.status is JobStatus.PENDING
