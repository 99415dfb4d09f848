"""Which jobs and formats a command line means."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Any

import typer

from fnt.context import AppContext, Connection
from fnt.errors import NotFoundError, UsageError
from fnt.tables import LIBRARIES, require_library
from fnt.wire.jobs import JobSnapshot, JobStatus
from fnt.wire.results import FORMATS

LATEST = "@latest"
ALL_FORMATS = (*FORMATS, *LIBRARIES)

JobsArgument = Annotated[
    list[str], typer.Argument(metavar="JOB...", help="Job numbers, or @latest.")
]
FormatOption = Annotated[
    str,
    typer.Option("--format", "-f", metavar=",".join(ALL_FORMATS), help="One, or several by comma."),
]


def job_ids(words: Iterable[str], server: Connection) -> list[int]:
    """Read job arguments; each job once."""
    ids = [latest_job(server).id if word == LATEST else _job_id(word) for word in words]
    return list(dict.fromkeys(ids))


def latest_job(server: Connection) -> JobSnapshot:
    """Return the user's newest job."""
    for job in server.api.list_jobs(limit=1):
        return job
    raise NotFoundError("there are no jobs yet", hint="fnt upload novel.pdf")


def running_jobs(server: Connection) -> list[int]:
    """Return the jobs that have a file and have not ended, oldest first."""
    jobs = [
        job
        for status in (JobStatus.PROCESSING, JobStatus.PENDING)
        for job in server.api.list_jobs(status=status, limit=None)
        if job.uploaded_at is not None
    ]
    return sorted({job.id for job in jobs})


def formats(text: str) -> tuple[str, ...]:
    """Read `txt` or `txt,json`."""
    names = tuple(dict.fromkeys(name.strip() for name in text.split(",") if name.strip()))
    unknown = [name for name in names if name not in ALL_FORMATS]
    if unknown or not names:
        raise UsageError(f"there is no format {text!r}", hint=f"formats: {', '.join(ALL_FORMATS)}")
    for name in names:
        require_library(name)
    return names


def given_settings(context: AppContext) -> list[str]:
    """Return the options by which another run reaches the same server."""
    flags: dict[str, Any] = dict(context.options.settings)
    named = {"server": "--server", "profile": "--profile", "ca_file": "--ca-file"}
    words = [word for name in named if name in flags for word in (named[name], str(flags[name]))]
    return words + (["--insecure-http"] if flags.get("insecure_http") else [])


def _job_id(word: str) -> int:
    if not (word.isascii() and word.isdigit()) or not 0 < int(word) < 2**63:
        raise UsageError(f"{word[:40]!r} is not a job", hint="give its number, or @latest")
    return int(word)
