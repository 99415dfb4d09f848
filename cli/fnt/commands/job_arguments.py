"""Parsing of job arguments."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from fnt.connection import Connection
from fnt.errors import NotFoundError, UsageError
from fnt.wire.job_status import JobStatus
from fnt.wire.jobs import JobSnapshot

LATEST = "@latest"
MAX_RANGE = 1000
"""Maximum number of jobs in a range, so that a typing error does not ask for millions."""


def job_ids(words: Iterable[str], server: Connection) -> list[int]:
    """Parse job arguments, without duplicates; raises UsageError for anything but job numbers."""
    found = list[int]()
    for word in words:
        found += [latest_job(server).id] if word == LATEST else _numbers(word)
    return list(dict.fromkeys(found))


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


def _numbers(word: str) -> Sequence[int]:
    """Parse a job number, or a range like 12-40 with both ends."""
    first, dash, last = word.partition("-")
    if not _is_number(first) or (dash and not _is_number(last)):
        hint = "use a job number, a range like 12-40, or @latest"
        raise UsageError(f"{word[:40]!r} is not a job", hint=hint)
    numbers = range(int(first), int(last if dash else first) + 1)
    if not numbers:
        raise UsageError(f"{word[:40]!r} is empty", hint="put the smaller job number first")
    if numbers.stop - numbers.start > MAX_RANGE:
        raise UsageError(
            f"{word[:40]!r} is too long a range", hint=f"at most {MAX_RANGE} jobs at a time"
        )
    return numbers


def _is_number(word: str) -> bool:
    return word.isascii() and word.isdigit() and len(word) < 20 and 0 < int(word) < 2**63
