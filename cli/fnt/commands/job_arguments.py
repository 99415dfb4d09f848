"""Parsing of job arguments."""

from __future__ import annotations

from collections.abc import Iterable

from fnt.context import Connection
from fnt.errors import NotFoundError, UsageError
from fnt.wire.job_status import JobStatus
from fnt.wire.jobs import JobSnapshot

LATEST = "@latest"


def job_ids(words: Iterable[str], server: Connection) -> list[int]:
    """Parse job arguments, without duplicates; raises UsageError for anything but job numbers."""
    ids = [latest_job(server).id if word == LATEST else _job_id(word) for word in words]
    return list(dict.fromkeys(ids))


def latest_job(server: Connection) -> JobSnapshot:
    """Return the user's newest job; raises NotFoundError if there is none."""
    for job in server.api.list_jobs(limit=1):
        return job
    raise NotFoundError("there are no jobs yet", hint="fnt upload novel.pdf")


def running_jobs(server: Connection) -> list[int]:
    """Return the numbers of all jobs that have a file and have not ended, oldest first."""
    jobs = [
        job
        for status in (JobStatus.PROCESSING, JobStatus.PENDING)
        for job in server.api.list_jobs(status=status, limit=None)
        if job.uploaded_at is not None
    ]
    return sorted({job.id for job in jobs})


def _job_id(word: str) -> int:
    if not (word.isascii() and word.isdigit()) or not 0 < int(word) < 2**63:
        raise UsageError(f"{word[:40]!r} is not a job", hint="use a job number, or @latest")
    return int(word)
