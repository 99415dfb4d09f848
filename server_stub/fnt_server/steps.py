"""The only writer of steps: take, renew, complete, fail, release, take back.

A step is held by lease and fence: whoever writes must hold the newest fence, so a worker that was
stalled and wakes up changes nothing. Who writes a job too locks it first (`jobs.lock`).
"""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, delete, func, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session, aliased

from fnt.wire.errors import JobErrorCode
from fnt.wire.jobs import MAX_ERROR_CHARS, JobStatus
from fnt_server import jobs
from fnt_server.database import Database, now
from fnt_server.models import Job, Step, StepKind, StepStatus, Worker

MAX_ATTEMPTS = 3
"""Failures of the work itself, on this input, after which the job fails."""
MAX_LOSSES = 20
"""Workers lost over one step after which the job fails."""
MAX_PAUSE_S = 60.0
FORGOTTEN_AFTER_S = 86400.0
"""A worker that showed no life for so long will not come back."""


class LeaseLostError(Exception):
    """The step is no longer ours: its job ended, or somebody else holds a newer fence."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """A step this worker holds, with what it needs to know of the job."""

    step_id: int
    job_id: int
    kind: StepKind
    number: int
    fence: int
    input_key: str | None
    file_key: str
    settings: dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class ChunkPlan:
    """A chunk as the analysis planned it. Pages from 1, both included."""

    number: int
    start_page: int
    end_page: int
    input_key: str


def take(database: Database, *, owner: str, lease_s: float) -> tuple[Held, Job | None] | None:
    """Take the fairest ready step: of the user, then the job, with the fewest running; then oldest.

    The oldest job, not the oldest step: a merge must not wait for the chunks of later jobs.

    Returns the step and, where taking it moved the job on, the job; None when nothing is ready.
    Raises LeaseLostError when the step was lost at once.
    """
    with database.write() as session:
        found = session.execute(_fairest()).first()
        if found is None:
            return None
        step, job = found
        step.status, step.lease_owner = StepStatus.RUNNING, owner
        step.lease_ends_at = now() + lease_s
        step.fence += 1
        held = Held(
            step_id=step.id,
            job_id=job.id,
            kind=StepKind(step.kind),
            number=step.number,
            fence=step.fence,
            input_key=step.input_key,
            file_key=job.file_key or "",
            settings=job.processing_settings,
        )
    return held, _begin(database, held)


def _fairest() -> Any:
    running, busy = aliased(Step), aliased(Job)
    per_user = (
        select(func.count())
        .select_from(running)
        .join(busy, busy.id == running.job_id)
        .where(running.status == StepStatus.RUNNING, busy.user_id == Job.user_id)
        .correlate(Job)
        .scalar_subquery()
    )
    per_job = (
        select(func.count())
        .select_from(running)
        .where(running.status == StepStatus.RUNNING, running.job_id == Job.id)
        .correlate(Job)
        .scalar_subquery()
    )
    return (
        select(Step, Job)
        .join(Job, Job.id == Step.job_id)
        .where(Step.status == StepStatus.READY, Step.not_before <= now())
        .order_by(per_user, per_job, Job.id, Step.id)
        .limit(1)
        .with_for_update(of=Step, skip_locked=True)
    )


def _begin(database: Database, held: Held) -> Job | None:
    """Tell that a step has begun, where it is a checkpoint of its job."""
    if held.kind is StepKind.CHUNK:
        return None
    with database.write() as session:
        jobs.lock(session, held.job_id)
        _write(session, held)
        if held.kind is StepKind.MERGE:
            return jobs.advance(session, held.job_id, progress=75, current_step="Merging results")
        return jobs.advance(
            session,
            held.job_id,
            progress=5,
            current_step="Analyzing PDF",
            started_at=func.coalesce(Job.started_at, now()),
        )


def renew(database: Database, held: Held, *, lease_s: float) -> None:
    """Prolong the lease; raises LeaseLostError when it is no longer ours."""
    with database.write() as session:
        _write(session, held, lease_ends_at=now() + lease_s)


def is_held(database: Database, held: Held) -> bool:
    """Whether the step is still ours."""
    with database.read() as session:
        return session.scalar(select(Step.id).where(*_ours(held))) is not None


def tell_pages(database: Database, held: Held, *, page_count: int, chunks: int) -> Job | None:
    """Record what the analysis found, before the chunks are there."""
    plural = "chunk" if chunks == 1 else "chunks"
    with database.write() as session:
        jobs.lock(session, held.job_id)
        _write(session, held)
        return jobs.advance(
            session,
            held.job_id,
            progress=10,
            page_count=page_count,
            total_chunks=chunks,
            current_step=f"Splitting into {chunks} {plural}",
        )


def complete_analysis(database: Database, held: Held, plans: list[ChunkPlan]) -> Job | None:
    """End the analysis and add its chunks, in one transaction."""
    with database.write() as session:
        jobs.lock(session, held.job_id)
        _write(session, held, status=StepStatus.DONE)
        session.add_all(
            Step(
                job_id=held.job_id,
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
        return jobs.advance(
            session, held.job_id, progress=15, current_step=f"Processing chunks (0/{len(plans)})"
        )


def complete_chunk(
    database: Database, held: Held, *, output_key: str, sentence_count: int
) -> Job | None:
    """End a chunk and count it; the last one adds the merge in the same transaction."""
    with database.write() as session:
        jobs.lock(session, held.job_id)
        _write(
            session,
            held,
            status=StepStatus.DONE,
            output_key=output_key,
            sentence_count=sentence_count,
        )
        job = jobs.advance(
            session, held.job_id, progress=15, processed_chunks=Job.processed_chunks + 1
        )
        if job is None or job.total_chunks is None:
            return job
        done, total = job.processed_chunks, job.total_chunks
        # Same transaction, same version: the count decides the rest of what is told.
        job.progress_percent = max(job.progress_percent, 15 + 60 * done // total)
        job.current_step = f"Processing chunks ({done}/{total})"
        if done == total:
            session.add(
                Step(
                    job_id=held.job_id,
                    kind=StepKind.MERGE,
                    status=StepStatus.READY,
                    not_before=now(),
                )
            )
        return job


def chunk_outputs(database: Database, held: Held) -> list[str]:
    """Return the keys of the chunks' results in their order."""
    with database.read() as session:
        keys = session.scalars(
            select(Step.output_key)
            .where(Step.job_id == held.job_id, Step.kind == StepKind.CHUNK)
            .order_by(Step.number)
        )
        return [key for key in keys if key is not None]


def complete_merge(
    database: Database, held: Held, *, result_key: str, sentence_count: int
) -> Job | None:
    """End the merge and with it the job."""
    with database.write() as session:
        jobs.lock(session, held.job_id)
        _write(session, held, status=StepStatus.DONE, output_key=result_key)
        return jobs.end(
            session,
            held.job_id,
            JobStatus.COMPLETED,
            progress_percent=100,
            current_step="Completed",
            result_key=result_key,
            sentence_count=sentence_count,
        )


def fail(
    database: Database, held: Held, code: JobErrorCode, message: str, *, certain: bool
) -> Job | None:
    """Count a failure of the work itself. The job fails when it is certain, or the third."""
    with database.write() as session:
        jobs.lock(session, held.job_id)
        step = _write(
            session,
            held,
            attempts=Step.attempts + 1,
            last_error=message[:MAX_ERROR_CHARS],
            last_error_code=code,
        )
        if certain or step.attempts >= MAX_ATTEMPTS:
            step.status = StepStatus.FAILED
            session.flush()
            return jobs.fail(
                session,
                held.job_id,
                code,
                message,
                attempts=Job.attempts + 1,
                failed_chunks=Job.failed_chunks + int(held.kind is StepKind.CHUNK),
            )
        step.status = StepStatus.READY
        step.not_before = now() + _pause_s(step.attempts)
        return jobs.advance(session, held.job_id, progress=0, attempts=Job.attempts + 1)


def release(database: Database, held: Held) -> None:
    """Give a step back, uncounted, because its worker was told to stop."""
    _release(database, *_ours(held))


def release_all(database: Database, *, owner: str) -> None:
    """Give back, uncounted, whatever a worker held that is known to be gone."""
    _release(database, Step.lease_owner == owner, Step.status == StepStatus.RUNNING)


def _release(database: Database, *conditions: ColumnElement[bool]) -> None:
    with database.write() as session:
        session.execute(
            update(Step)
            .where(*conditions)
            .values(status=StepStatus.READY, lease_owner=None, fence=Step.fence + 1)
            .execution_options(synchronize_session=False)
        )


def take_back(database: Database) -> list[Job]:
    """Make ready again what lost workers held; fail the jobs that lost too many."""
    expired = (Step.status == StepStatus.RUNNING, Step.lease_ends_at < now())
    with database.read() as session:
        found = session.execute(select(Step.id, Step.job_id).where(*expired)).all()
    changed = []
    for step_id, job_id in found:
        with database.write() as session:
            jobs.lock(session, job_id)
            step = session.scalar(
                select(Step).where(Step.id == step_id, *expired).with_for_update()
            )
            changed.append(_lost(session, step) if step is not None else None)
    return [job for job in changed if job is not None]


def _lost(session: Session, step: Step) -> Job | None:
    step.losses += 1
    step.fence += 1
    step.status, step.lease_owner = StepStatus.READY, None
    step.not_before = now() + (0 if step.losses == 1 else _pause_s(step.losses))
    session.flush()
    if step.losses < MAX_LOSSES:
        return jobs.advance(session, step.job_id, progress=0, attempts=Job.attempts + 1)
    return jobs.fail(
        session,
        step.job_id,
        JobErrorCode.WORKER_LOST,
        "the server lost its worker too many times: run `fnt jobs retry` later",
        attempts=Job.attempts + 1,
    )


def count_ready(database: Database, *, for_s: float = 0.0) -> int:
    """Count the steps that have been ready for at least so long."""
    with database.read() as session:
        return (
            session.scalar(
                select(func.count())
                .select_from(Step)
                .where(Step.status == StepStatus.READY, Step.not_before <= now() - for_s)
            )
            or 0
        )


def tell_alive(database: Database, worker_id: str, *, slots: int) -> None:
    """Record that a worker has heard the bell or is at work; forget those long gone."""
    with contextlib.suppress(IntegrityError), database.write() as session:
        worker = session.get(Worker, worker_id)
        if worker is not None:
            worker.seen_at = now()
            return
        session.execute(delete(Worker).where(Worker.seen_at < now() - FORGOTTEN_AFTER_S))
        session.add(Worker(id=worker_id, slots=slots, seen_at=now()))


def live_workers(database: Database, *, within_s: float) -> list[str]:
    """Return the ids of workers that have shown life within so many seconds."""
    with database.read() as session:
        return list(session.scalars(select(Worker.id).where(Worker.seen_at >= now() - within_s)))


def _ours(held: Held) -> tuple[ColumnElement[bool], ...]:
    return (
        Step.id == held.step_id,
        Step.fence == held.fence,
        Step.status == StepStatus.RUNNING,
    )


def _write(session: Session, held: Held, **changes: Any) -> Step:
    """Change the step under its fence; raises LeaseLostError, undoing the whole transaction."""
    step = session.scalar(
        update(Step)
        .where(*_ours(held))
        .values(**(changes or {"fence": held.fence}))
        .returning(Step)
        .execution_options(populate_existing=True, synchronize_session=False)
    )
    if step is None:
        raise LeaseLostError(f"step {held.step_id} of job {held.job_id}")
    return step


def _pause_s(times: int) -> float:
    return float(min(MAX_PAUSE_S, 2 ** (times - 1)))
