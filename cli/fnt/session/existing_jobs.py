"""What the server has already: a job with the same bytes and settings."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol

from fnt.wire.job_status import JobStatus
from fnt.wire.jobs import JobSnapshot, ProcessingSettings

USEFUL = frozenset({JobStatus.PENDING, JobStatus.PROCESSING, JobStatus.COMPLETED})


class JobList(Protocol):
    """Whoever knows the user's jobs: the API client."""

    def list_jobs(
        self, *, sha256: str | None = ..., limit: int | None = ...
    ) -> Iterator[JobSnapshot]:
        """Yield jobs, newest first."""
        ...


def existing_job(jobs: JobList, *, sha256: str, settings: ProcessingSettings) -> JobSnapshot | None:
    """Return the newest job that makes sending a file superfluous."""
    for job in jobs.list_jobs(sha256=sha256, limit=None):
        # An older server may not know the filter and list everything.
        is_same = job.sha256 == sha256 and job.processing_settings == settings
        if is_same and job.status in USEFUL:
            return job
    return None
