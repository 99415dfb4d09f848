"""`fnt jobs show|cancel|retry`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer

from fnt.commands.job_arguments import job_ids
from fnt.commands.jobs_list import percent
from fnt.commands.shared_options import GIVE_UP, GiveUpOption, JobsArgument
from fnt.config.settings.values import parse_duration
from fnt.context import AppContext
from fnt.errors import AuthError, FntError, PartialError, RejectedError, UsageError
from fnt.flow.patiently import Patiently
from fnt.flow.results.chapters import Chapter
from fnt.flow.results.download import Result, chapters_of, completed_job
from fnt.flow.unsaved import record_retry
from fnt.output.findings import quality_words, warning_lines
from fnt.output.formatting import count, plural
from fnt.output.report.document import JobEntry, error_entry
from fnt.output.sanitize import clean
from fnt.wire.documents import ChapterEntry
from fnt.wire.job_status import JobStatus
from fnt.wire.jobs import JobSnapshot
from fnt.wire.responses import Chunk
from fnt.wire.structs import UNSET
from fnt.wire.times import format_time

if TYPE_CHECKING:
    from fnt.context import AppContext


def show(
    ctx: typer.Context,
    jobs: JobsArgument,
    *,
    chapters: Annotated[
        bool,
        typer.Option("--chapters", help="List the chapters of the result: number, pages, size."),
    ] = False,
) -> None:
    """Show a job in detail, including failed chunks."""
    context: AppContext = ctx.obj
    if chapters:
        _show_chapters(context, jobs)
        return
    with context.connected() as server:

        def show_one(job_id: int) -> JobEntry:
            job = server.api.get_job(job_id)
            assert job is not None  # only a conditional request can return None
            chunks = server.api.chunks(job_id)
            for line in [*_facts(job), *_stand_ins(chunks), *_chunk_errors(chunks)]:
                context.terminal.result(line)
            return JobEntry(job=job)

        each_job(context, job_ids(jobs, server), show_one)


def _show_chapters(context: AppContext, jobs: list[str]) -> None:
    shown = context.report.answer.setdefault("jobs show", [])
    with context.connected() as server:

        def show_one(job_id: int) -> JobEntry:
            job = completed_job(server.api, job_id)
            found = chapters_of(Result(server.api, job, "jsonl"))
            for line in _chapter_table(found):
                context.terminal.result(line)
            shown.append({"job": job.id, "chapters": [_chapter_entry(one) for one in found]})
            return JobEntry(job=job)

        each_job(context, job_ids(jobs, server), show_one)


def _chapter_table(chapters: list[Chapter]) -> list[str]:
    return [
        f"{chapter.number:>4}  pages {f'{chapter.first_page}-{chapter.last_page}':<9}  "
        f"{plural(chapter.sentence_count, 'sentence'):>16}  "
        f"{clean(chapter.heading or '(no heading)')}"
        for chapter in chapters
    ]


def _chapter_entry(chapter: Chapter) -> dict[str, Any]:
    return ChapterEntry(
        number=chapter.number,
        heading=chapter.heading,
        first_page=chapter.first_page,
        last_page=chapter.last_page,
        sentences=chapter.sentence_count,
    ).to_wire()


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


def retry(ctx: typer.Context, jobs: JobsArgument, *, give_up: GiveUpOption = GIVE_UP) -> None:
    """Retry failed or cancelled jobs as new jobs."""

    context: AppContext = ctx.obj
    patiently = Patiently(context, parse_duration(give_up))
    with context.connected() as server:
        memory = context.unsaved_jobs(server)

        def retry_one(job_id: int) -> JobEntry:
            key = context.new_key()
            job = patiently(lambda: server.api.retry(job_id, idempotency_key=key))
            record_retry(memory, job, of=job_id, here=context.cwd)
            context.terminal.say(
                f"job {job_id} retried as job {job.id}; watch it with: fnt watch {job.id}"
            )
            context.terminal.result(str(job.id))
            return JobEntry(job=job)

        each_job(context, patiently(lambda: job_ids(jobs, server)), retry_one)


def _status(job: JobSnapshot) -> str:
    return ", ".join(filter(None, [job.status, percent(job)]))


def _facts(job: JobSnapshot) -> list[str]:
    facts: dict[str, Any] = {
        "job": job.id,
        "file": job.original_filename,
        "status": _status(job),
        "step": job.current_step,
        "pages": job.page_count and count(job.page_count),
        "chunks": job.total_chunks and f"{job.processed_chunks}/{job.total_chunks}",
        "sentences": job.sentence_count and count(job.sentence_count),
        "quality": quality_words(job),
        "words": job.processing_settings.sentence_length_limit,
        "engine": job.processing_settings.engine,
        "created": format_time(job.created_at),
        "ended": job.completed_at and format_time(job.completed_at),
        "expires": None if job.expires_at is UNSET else format_time(job.expires_at),
        "retry of": job.retry_of,
        "error": job.error_message,
        "code": job.error_code,
    }
    lines = [f"{name:10} {value}" for name, value in facts.items() if value is not None]
    return lines + [f"{'warning':10} {line}" for line in warning_lines(job)]


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
                name = "" if f"job {job_id}" in error.message else f"job {job_id}: "
                context.terminal.say_error(f"{name}{error.message}")
    if len(errors) < len(ids) and errors:
        raise PartialError(f"{len(errors)} of {len(ids)} jobs failed")
    if errors:
        raise errors[0]


def _as_mistake(refusal: RejectedError) -> UsageError:
    """Return a conflict as a usage error: the job's status does not allow the action."""
    return UsageError(
        refusal.message, hint=refusal.hint, code=refusal.code, request_id=refusal.request_id
    )
