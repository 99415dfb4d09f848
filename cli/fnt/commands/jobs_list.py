"""`fnt jobs list`, apart from its siblings: it is typed often, and needs little of what they do."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Annotated

import typer

from fnt.output.output_mode import OutputMode
from fnt.output.report.document import JobEntry
from fnt.output.sanitize import clean
from fnt.wire.job_status import JobStatus
from fnt.wire.structs import UNSET
from fnt.wire.times import format_time

if TYPE_CHECKING:
    from fnt.context import AppContext
    from fnt.wire.jobs import JobSnapshot
    from fnt.wire.responses import ExpiringJobs


def list_jobs(
    ctx: typer.Context,
    *,
    status: Annotated[
        JobStatus | None,
        typer.Option(
            "--status",
            metavar="STATUS",
            help="Only jobs that are pending, processing, completed, failed or cancelled.",
        ),
    ] = None,
    limit: Annotated[
        int, typer.Option("--limit", metavar="N", min=1, help="Maximum number of jobs.")
    ] = 50,
) -> None:
    """List your jobs, newest first."""
    context: AppContext = ctx.obj
    with context.connected() as server:
        found = server.api.list_jobs(
            status=status, limit=limit, on_expiring=partial(_say_expiring, context)
        )
        jobs = list(found)
    context.report.jobs += [JobEntry(job=job) for job in jobs]
    if not jobs:
        context.terminal.say("no jobs")
    elif context.draws_tables:
        from fnt.output.jobs_table import print_jobs  # noqa: PLC0415 -- Rich takes 50 ms

        print_jobs(context.terminal, jobs, now=context.now())
    else:
        is_quiet = context.options.format is OutputMode.QUIET
        for line in [str(job.id) for job in jobs] if is_quiet else _lines(jobs):
            context.terminal.result(line)


def _say_expiring(context: AppContext, expiring: ExpiringJobs) -> None:
    from fnt.output.formatting import plural  # noqa: PLC0415 -- most have no such jobs

    are = "is" if expiring.count == 1 else "are"
    context.terminal.say(
        f"{plural(expiring.count, 'job')} {are} about to be deleted, the first on "
        f"{format_time(expiring.first_at)[:10]}: save results with fnt download JOB…"
    )


def _lines(jobs: list[JobSnapshot]) -> list[str]:
    width = max((len(str(job.id)) for job in jobs), default=0)
    expire = any(job.expires_at is not UNSET for job in jobs)
    return [
        f"{job.id:>{width}}  {job.status:<10}  {percent(job):>4}  "
        f"{format_time(job.created_at)[:16].replace('T', ' ')}  "
        f"{f'{_expiry(job):<18}  ' if expire else ''}{clean(job.original_filename)}"
        for job in jobs
    ]


def _expiry(job: JobSnapshot) -> str:
    return "" if job.expires_at is UNSET else f"expires {format_time(job.expires_at)[:10]}"


def percent(job: JobSnapshot) -> str:
    """Return a job's progress; empty for a failed one, whose percentage means nothing."""
    return "" if job.status is JobStatus.FAILED else f"{job.progress_percent}%"
