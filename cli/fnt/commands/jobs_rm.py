"""`fnt jobs rm`: removes finished jobs, named or by age."""

from __future__ import annotations

from contextlib import suppress
from datetime import timedelta
from typing import Annotated

import typer

from fnt.commands.job_arguments import job_ids
from fnt.commands.jobs import each_job
from fnt.config.settings import parse_duration
from fnt.connection import Connection
from fnt.context import AppContext
from fnt.errors import NotFoundError, UsageError
from fnt.output.formatting import plural
from fnt.output.report.document import JobEntry
from fnt.wire.jobs import JobSnapshot


def rm(
    ctx: typer.Context,
    jobs: Annotated[
        list[str] | None,
        typer.Argument(metavar="JOB...", help="Job numbers, ranges like 12-40, or @latest."),
    ] = None,
    older_than: Annotated[
        str | None,
        typer.Option(
            "--older-than",
            metavar="DUR",
            help="Remove all jobs that ended longer ago than this: 12h, 30d, 2w.",
        ),
    ] = None,
) -> None:
    """Remove finished jobs with their files and results."""
    context: AppContext = ctx.obj
    if bool(jobs) == (older_than is not None):
        raise UsageError("name jobs, or pass --older-than", hint="fnt jobs rm --older-than 30d")
    age_s = None if older_than is None else _age_s(older_than)
    with context.connected() as server:
        if age_s is None:
            _remove_named(context, server, job_ids(jobs or [], server))
        else:
            _remove_old(context, server, _ended_before(context, server, age_s), f"{older_than}")


def _age_s(text: str) -> float:
    """Parse an age; raises UsageError without a unit, since 30 would remove nearly everything."""
    seconds = parse_duration(text)
    if text.strip()[-1].isdigit():
        raise UsageError(f"--older-than {text} has no unit", hint=f"for days, use {text.strip()}d")
    return seconds


def _ended_before(context: AppContext, server: Connection, age_s: float) -> list[JobSnapshot]:
    """Return the jobs that ended at least that long ago, oldest first."""
    try:
        newest = context.now() - timedelta(seconds=age_s)
    except OverflowError:
        return []
    jobs = server.api.list_jobs(limit=None)
    return sorted(
        (job for job in jobs if job.completed_at is not None and job.completed_at < newest),
        key=lambda job: job.id,
    )


def _remove_named(context: AppContext, server: Connection, ids: list[int]) -> None:
    _confirm(context, f"job {ids[0]}" if len(ids) == 1 else f"{len(ids)} jobs")
    memory = context.unsaved_jobs(server)

    def remove(job_id: int) -> JobEntry:
        job = server.api.get_job(job_id)
        server.api.delete(job_id)
        memory.discard(job_id)
        context.terminal.say(f"job {job_id} removed")
        return JobEntry(job=job)

    each_job(context, ids, remove)


def _remove_old(context: AppContext, server: Connection, jobs: list[JobSnapshot], age: str) -> None:
    if not jobs:
        context.terminal.say(f"no jobs ended more than {age} ago")
        return
    _confirm(context, f"{plural(len(jobs), 'job')} that ended more than {age} ago")
    by_id = {job.id: job for job in jobs}
    memory = context.unsaved_jobs(server)

    def remove(job_id: int) -> JobEntry:
        with suppress(NotFoundError):  # somebody else, or the server, was faster
            server.api.delete(job_id)
        memory.discard(job_id)
        context.terminal.say(f"job {job_id} removed")
        return JobEntry(job=by_id[job_id])

    each_job(context, list(by_id), remove)


def _confirm(context: AppContext, what: str) -> None:
    if context.options.yes:
        return
    if not context.terminal.can_ask:
        raise UsageError("confirmation required", hint="pass --yes")
    if not context.terminal.confirm(f"Remove {what} with files and results?"):
        raise UsageError("cancelled: no jobs were removed")
