"""Search for an existing job with the same file and settings."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol

from fnt.wire.job_status import JobStatus
from fnt.wire.jobs import JobSnapshot, ProcessingSettings

USEFUL = frozenset({JobStatus.PENDING, JobStatus.PROCESSING, JobStatus.COMPLETED})


class JobList(Protocol):
    """The part of the API client that is used here."""

    def list_jobs(
        self, *, sha256: str | None = ..., limit: int | None = ...
    ) -> Iterator[JobSnapshot]:
        """Yield jobs, newest first."""
        ...


def existing_job(jobs: JobList, *, sha256: str, settings: ProcessingSettings) -> JobSnapshot | None:
    """Return the newest job that makes uploading a file unnecessary, or None."""
    for job in jobs.list_jobs(sha256=sha256, limit=None):
        # An older server may ignore the filter and list everything.
        is_same = job.sha256 == sha256 and job.processing_settings == settings
        if is_same and job.status in USEFUL:
            return job
    return None
