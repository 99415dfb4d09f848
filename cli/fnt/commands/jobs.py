"""`fnt jobs list|show|cancel|retry|rm`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer

from fnt.commands.job_arguments import job_ids
from fnt.commands.shared_options import JobsArgument
from fnt.context import AppContext
from fnt.errors import AuthError, FntError, PartialError, RejectedError, UsageError
from fnt.output.formatting import count, plural
from fnt.output.output_mode import OutputMode
from fnt.output.report.document import JobEntry, error_entry
from fnt.output.sanitize import clean
from fnt.wire.job_status import JobStatus
from fnt.wire.jobs import JobSnapshot
from fnt.wire.responses import Chunk
from fnt.wire.times import format_time

if TYPE_CHECKING:
    from fnt.context import AppContext


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
        jobs = list(server.api.list_jobs(status=status, limit=limit))
    context.report.jobs += [JobEntry(job=job) for job in jobs]
    if context.options.format is OutputMode.QUIET:
        lines = [str(job.id) for job in jobs]
    else:
        lines = _table(jobs)
    for line in lines:
        context.terminal.result(line)
    if not jobs:
        context.terminal.say("no jobs")


def show(ctx: typer.Context, jobs: JobsArgument) -> None:
    """Show a job in detail, with the chunks that failed."""
    context: AppContext = ctx.obj
    with context.connected() as server:

        def show_one(job_id: int) -> JobEntry:
            job = server.api.get_job(job_id)
            assert job is not None  # only a conditional request can return None
            chunks = server.api.chunks(job_id)
            for line in [*_facts(job), *_stand_ins(chunks), *_chunk_errors(chunks)]:
                context.terminal.result(line)
            return JobEntry(job=job)

        each_job(context, job_ids(jobs, server), show_one)


def cancel(ctx: typer.Context, jobs: JobsArgument) -> None:
    """Cancel running or waiting jobs."""
    context: AppContext = ctx.obj
    with context.connected() as server:

        def cancel_one(job_id: int) -> JobEntry:
            job = server.api.cancel(job_id)
            is_ours = job.status is JobStatus.CANCELLED
            words = "cancelled" if is_ours else f"was already {job.status}"
            context.terminal.say(f"job {job_id} {words}")
            return JobEntry(job=job)

        each_job(context, job_ids(jobs, server), cancel_one)


def retry(ctx: typer.Context, jobs: JobsArgument) -> None:
    """Retry failed or cancelled jobs as new jobs."""
    context: AppContext = ctx.obj
    with context.connected() as server:

        def retry_one(job_id: int) -> JobEntry:
            job = server.api.retry(job_id, idempotency_key=context.new_key())
            context.terminal.say(
                f"job {job_id} retried as job {job.id}; watch it with: fnt watch {job.id}"
            )
            context.terminal.result(str(job.id))
            return JobEntry(job=job)

        each_job(context, job_ids(jobs, server), retry_one)


def rm(ctx: typer.Context, jobs: JobsArgument) -> None:
    """Remove finished jobs with their files and results."""
    context: AppContext = ctx.obj
    with context.connected() as server:
        ids = job_ids(jobs, server)
        if not context.options.yes:
            _confirm(context, ids)

        def remove(job_id: int) -> JobEntry:
            job = server.api.get_job(job_id)
            server.api.delete(job_id)
            context.terminal.say(f"job {job_id} removed")
            return JobEntry(job=job)

        each_job(context, ids, remove)


def _confirm(context: AppContext, ids: list[int]) -> None:
    if not context.terminal.can_ask:
        raise UsageError("confirmation required", hint="pass --yes")
    what = f"job {ids[0]}" if len(ids) == 1 else f"{len(ids)} jobs"
    if not context.terminal.confirm(f"Remove {what} with files and results?"):
        raise UsageError("cancelled: no jobs were removed")


def _table(jobs: list[JobSnapshot]) -> list[str]:
    width = max((len(str(job.id)) for job in jobs), default=0)
    return [
        f"{job.id:>{width}}  {job.status:<10}  {_percent(job):>4}  "
        f"{format_time(job.created_at)[:16].replace('T', ' ')}  {clean(job.original_filename)}"
        for job in jobs
    ]


def _percent(job: JobSnapshot) -> str:
    """Return a job's progress; empty for a failed one, whose percentage means nothing."""
    return "" if job.status is JobStatus.FAILED else f"{job.progress_percent}%"


def _status(job: JobSnapshot) -> str:
    return ", ".join(filter(None, [job.status, _percent(job)]))


def _facts(job: JobSnapshot) -> list[str]:
    facts: dict[str, Any] = {
        "job": job.id,
        "file": job.original_filename,
        "status": _status(job),
        "step": job.current_step,
        "pages": job.page_count and count(job.page_count),
        "chunks": job.total_chunks and f"{job.processed_chunks}/{job.total_chunks}",
        "sentences": job.sentence_count and count(job.sentence_count),
        "words": job.processing_settings.sentence_length_limit,
        "engine": job.processing_settings.engine,
        "created": format_time(job.created_at),
        "ended": job.completed_at and format_time(job.completed_at),
        "retry of": job.retry_of,
        "error": job.error_message,
        "code": job.error_code,
    }
    return [f"{name:10} {value}" for name, value in facts.items() if value is not None]


def _stand_ins(chunks: list[Chunk]) -> list[str]:
    """Return how many sentences `rules` handled as a fallback, and why, over all chunks."""
    reasons: Counter[str] = Counter()
    for chunk in chunks:
        for reason, number in (chunk.by_rules or {}).items():
            reasons[clean(reason)] += number
    if not reasons:
        return []
    why = ", ".join(f"{reason} {number}" for reason, number in reasons.most_common())
    return [f"{'by rules':10} {plural(reasons.total(), 'sentence')} without a valid answer ({why})"]


def _chunk_errors(chunks: list[Chunk]) -> list[str]:
    return [
        f"chunk {chunk.chunk_id}, pages {chunk.start_page}-{chunk.end_page}: "
        f"{chunk.last_error} ({chunk.last_error_code}, attempt {chunk.attempts})"
        for chunk in chunks
        if chunk.last_error
    ]


def each_job(context: AppContext, ids: Sequence[int], act: Callable[[int], JobEntry]) -> None:
    """Apply `act` to each job and report it; raise the error at the end if any failed."""
    errors: list[FntError] = []
    for job_id in ids:
        try:
            context.report.jobs.append(act(job_id))
        except AuthError:
            raise
        except FntError as refusal:
            error = _as_mistake(refusal) if isinstance(refusal, RejectedError) else refusal
            errors.append(error)
            context.report.jobs.append(JobEntry(error=error_entry(error)))
            if len(ids) > 1:
                context.terminal.say_error(f"{job_id}: {error.message}")
    if len(errors) < len(ids) and errors:
        raise PartialError(f"{len(errors)} of {len(ids)} jobs failed")
    if errors:
        raise errors[0]


def _as_mistake(refusal: RejectedError) -> UsageError:
    """Return a conflict as a usage error: the job's status does not allow the action."""
    return UsageError(
        refusal.message, hint=refusal.hint, code=refusal.code, request_id=refusal.request_id
    )
