"""Records how a step ended: its results or its failure.

Each function is one transaction under the step's fence. It raises LeaseLostError if the step is no
longer held, and returns the changed job, or None if the job had already ended.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from fnt.wire.error_codes import JobErrorCode
from fnt.wire.job_status import JobStatus
from fnt.wire.jobs import MAX_ERROR_CHARS, PieceQuality
from fnt_server.db.connection import Database, now
from fnt_server.db.models import Job, Step, StepKind, StepStatus
from fnt_server.jobs import leases, retry_policy, state
from fnt_server.jobs.findings import BookFindings
from fnt_server.jobs.leases import ClaimedStep


@dataclass(frozen=True, slots=True, kw_only=True)
class ChunkPlan:
    """A planned chunk; pages count from 1, both ends inclusive."""

    number: int
    start_page: int
    end_page: int
    input_key: str


def record_page_count(
    database: Database, claimed: ClaimedStep, *, page_count: int, chunks: int
) -> Job | None:
    """Record the number of pages and chunks, before the chunks are stored."""
    plural = "chunk" if chunks == 1 else "chunks"
    with database.write() as session:
        state.lock(session, claimed.job_id)
        leases.update_step(session, claimed)
        return state.advance(
            session,
            claimed.job_id,
            progress=10,
            page_count=page_count,
            total_chunks=chunks,
            current_step=f"Splitting into {chunks} {plural}",
        )


def complete_analysis(
    database: Database,
    claimed: ClaimedStep,
    plans: list[ChunkPlan],
    *,
    found: BookFindings | None = None,
) -> Job | None:
    """Complete the analysis and add its chunks."""
    with database.write() as session:
        state.lock(session, claimed.job_id)
        leases.update_step(session, claimed, status=StepStatus.DONE)
        session.add_all(
            Step(
                job_id=claimed.job_id,
                kind=StepKind.CHUNK,
                number=plan.number,
                status=StepStatus.READY,
                not_before=now(),
                start_page=plan.start_page,
                end_page=plan.end_page,
                input_key=plan.input_key,
            )
            for plan in plans
        )
        return state.advance(
            session,
            claimed.job_id,
            progress=15,
            current_step=f"Processing chunks (0/{len(plans)})",
            findings=found and found.to_row(),
        )


def complete_chunk(
    database: Database,
    claimed: ClaimedStep,
    *,
    output_key: str,
    sentence_count: int,
    by_rules: Mapping[str, int] | None = None,
    quality: PieceQuality | None = None,
) -> Job | None:
    """Complete a chunk and count it; the last one adds the merge."""
    with database.write() as session:
        state.lock(session, claimed.job_id)
        leases.update_step(
            session,
            claimed,
            status=StepStatus.DONE,
            output_key=output_key,
            sentence_count=sentence_count,
            by_rules=dict(by_rules or {}) or None,
            quality=quality and quality.to_wire(),
        )
        before, total = session.execute(
            select(Job.processed_chunks, Job.total_chunks).where(Job.id == claimed.job_id)
        ).one()
        assert total is not None  # recorded before the chunks
        done = before + 1
        job = state.advance(
            session,
            claimed.job_id,
            progress=15 + 60 * done // total,
            processed_chunks=done,
            current_step=f"Processing chunks ({done}/{total})",
        )
        if job is not None and done == total:
            session.add(
                Step(
                    job_id=claimed.job_id,
                    kind=StepKind.MERGE,
                    status=StepStatus.READY,
                    not_before=now(),
                )
            )
        return job


def chunk_outputs(database: Database, claimed: ClaimedStep) -> list[str]:
    """Return the keys of the chunks' results in order."""
    with database.read() as session:
        keys = session.scalars(
            select(Step.output_key)
            .where(Step.job_id == claimed.job_id, Step.kind == StepKind.CHUNK)
            .order_by(Step.number)
        )
        return [key for key in keys if key is not None]


def complete_merge(
    database: Database,
    claimed: ClaimedStep,
    *,
    result_key: str,
    sentence_count: int,
    result_size: int | None = None,
) -> Job | None:
    """Complete the merge and, with it, the job."""
    with database.write() as session:
        state.lock(session, claimed.job_id)
        leases.update_step(session, claimed, status=StepStatus.DONE, output_key=result_key)
        return state.end(
            session,
            claimed.job_id,
            JobStatus.COMPLETED,
            progress_percent=100,
            current_step="Completed",
            result_key=result_key,
            result_size=result_size,
            sentence_count=sentence_count,
            quality=_whole_quality(session, claimed.job_id),
        )


def _whole_quality(session: Session, job_id: int) -> dict[str, int] | None:
    """Return the quality of all chunks, None if it is not known of one: an older worker had it."""
    counted = session.scalars(
        select(Step.quality).where(Step.job_id == job_id, Step.kind == StepKind.CHUNK)
    ).all()
    names = PieceQuality.__struct_fields__
    if not counted or not all(counted):
        return None
    return {name: sum(one[name] for one in counted if one) for name in names}


def fail(
    database: Database, claimed: ClaimedStep, code: JobErrorCode, message: str, *, certain: bool
) -> Job | None:
    """Record a failed attempt. The job fails on the third, or at once if it is `certain`."""
    with database.write() as session:
        state.lock(session, claimed.job_id)
        before = session.scalar(select(Step.attempts).where(Step.id == claimed.step_id)) or 0
        attempts = before + 1
        is_final = certain or attempts >= retry_policy.MAX_ATTEMPTS
        leases.update_step(
            session,
            claimed,
            status=StepStatus.FAILED if is_final else StepStatus.READY,
            not_before=now() + retry_policy.backoff_s(attempts),
            attempts=attempts,
            last_error=message[:MAX_ERROR_CHARS],
            last_error_code=code,
        )
        if is_final:
            return state.fail(
                session,
                claimed.job_id,
                code,
                message,
                attempts=Job.attempts + 1,
                failed_chunks=Job.failed_chunks + int(claimed.kind is StepKind.CHUNK),
            )
        return state.advance(session, claimed.job_id, progress=0, attempts=Job.attempts + 1)
