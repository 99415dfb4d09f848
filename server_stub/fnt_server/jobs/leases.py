"""Leases of steps: claim, renew, release, reclaim.

A step is held by a lease and a fence. Writers must hold the newest fence, so a worker that stalls
and resumes cannot change anything. Writers that also change the job lock it first (`state.lock`).
`fnt_server.jobs.step_results` records how a step ended. `fnt_server.config.lease_length`
says how long a lease lasts.
"""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, ScalarSelect, func, select, update
from sqlalchemy.orm import Session

from fnt.wire.error_codes import JobErrorCode
from fnt_server.db.connection import Database, RowLocked, now
from fnt_server.db.models import Job, Step, StepKind, StepStatus, User
from fnt_server.jobs import retry_policy, scheduling, state


class LeaseLostError(Exception):
    """The lease is lost: the job ended, or another worker holds a newer fence."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimedStep:
    """A step this worker holds, with what it needs to know of the job."""

    step_id: int
    job_id: int
    user_id: int
    kind: StepKind
    number: int
    fence: int
    input_key: str | None
    file_key: str
    settings: dict[str, Any]


def claim(
    database: Database, *, owner: str, lease_s: float
) -> tuple[ClaimedStep, Job | None] | None:
    """Claim the fairest ready step: of the user with the fewest running who has waited longest.

    Within that user, of the job with the fewest running, then of the oldest job. Not simply the
    oldest step: a merge must not wait for the chunks of later jobs.

    Returns the step and, if claiming it changed the job, the job; None if nothing is ready.
    Raises LeaseLostError if the step was lost at once.
    """
    with database.write() as session:
        found = scheduling.claim_candidate(session)
        if found is None:
            return None
        step, job = found
        step.status, step.lease_owner = StepStatus.RUNNING, owner
        step.lease_ends_at = now() + lease_s
        step.fence += 1
        session.execute(
            update(User).where(User.id == _unlocked(job.user_id)).values(served_at=now())
        )
        claimed = ClaimedStep(
            step_id=step.id,
            job_id=job.id,
            user_id=job.user_id,
            kind=StepKind(step.kind),
            number=step.number,
            fence=step.fence,
            input_key=step.input_key,
            file_key=job.file_key or "",
            settings=job.processing_settings,
        )
    return claimed, _begin(database, claimed)


def _unlocked(user_id: int) -> ScalarSelect[int]:
    """Select a user unless another claim holds the row, which sets the same time."""
    found = select(User.id).where(User.id == user_id)
    return found.with_for_update(skip_locked=True).scalar_subquery()


def _begin(database: Database, claimed: ClaimedStep) -> Job | None:
    """Record in the job that an analysis or a merge has started."""
    if claimed.kind is StepKind.CHUNK:
        return None
    with database.write() as session:
        state.lock(session, claimed.job_id)
        update_step(session, claimed)
        if claimed.kind is StepKind.MERGE:
            return state.advance(
                session, claimed.job_id, progress=75, current_step="Merging results"
            )
        return state.advance(
            session,
            claimed.job_id,
            progress=5,
            current_step="Analyzing PDF",
            started_at=func.coalesce(Job.started_at, now()),
        )


def renew(database: Database, claimed: ClaimedStep, *, lease_s: float) -> None:
    """Extend the lease; raises LeaseLostError if it is no longer held."""
    with database.write() as session:
        update_step(session, claimed, lease_ends_at=now() + lease_s)


def is_held(database: Database, claimed: ClaimedStep) -> bool:
    """Return whether the step is still held."""
    with database.read() as session:
        return session.scalar(select(Step.id).where(*fence_conditions(claimed))) is not None


def release(database: Database, claimed: ClaimedStep) -> None:
    """Release a step without counting an attempt, because its worker is stopping."""
    _release(database, *fence_conditions(claimed))


def slot_owner(worker_id: str, pid: int) -> str:
    """Return the lease owner that stands for one slot of a worker."""
    return f"{worker_id[:20]}.{pid}"


def running_owners(database: Database, *, worker_id: str) -> list[str]:
    """Return the slots of a worker that hold a step."""
    running = (_is_of(worker_id), Step.status == StepStatus.RUNNING)
    with database.read() as session:
        return [o for o in session.scalars(select(Step.lease_owner).where(*running)) if o]


def release_all(database: Database, *, worker_id: str) -> None:
    """Release all steps of a stopped worker without counting a loss."""
    _release(database, _is_of(worker_id), Step.status == StepStatus.RUNNING)


def _is_of(worker_id: str) -> ColumnElement[bool]:
    return Step.lease_owner.startswith(f"{worker_id[:20]}.", autoescape=True)


def _release(database: Database, *conditions: ColumnElement[bool]) -> None:
    with database.write() as session:
        session.execute(
            update(Step)
            .where(*conditions)
            .values(status=StepStatus.READY, lease_owner=None, fence=Step.fence + 1)
            .execution_options(synchronize_session=False)
        )


def reclaim_expired(database: Database) -> list[Job]:
    """Make the steps of lost workers ready again; fail jobs that lost too many."""
    return _reclaim(database, Step.lease_ends_at < now())


def reclaim_from(database: Database, owner: str) -> list[Job]:
    """Make the steps of a dead slot ready again, without waiting for its leases to expire."""
    return _reclaim(database, Step.lease_owner == owner)


def _reclaim(database: Database, condition: ColumnElement[bool]) -> list[Job]:
    lost = (Step.status == StepStatus.RUNNING, condition)
    with database.read() as session:
        found = session.execute(select(Step.id, Step.job_id).where(*lost)).all()
    changed = []
    for step_id, job_id in found:
        # The next pass tries again what is locked now.
        with contextlib.suppress(RowLocked), database.write_unless_locked() as session:
            state.lock(session, job_id)
            step = session.scalar(select(Step).where(Step.id == step_id, *lost).with_for_update())
            changed.append(_record_loss(session, step) if step is not None else None)
    return [job for job in changed if job is not None]


def _record_loss(session: Session, step: Step) -> Job | None:
    step.lost_count += 1
    step.fence += 1
    step.status, step.lease_owner = StepStatus.READY, None
    step.not_before = now() + retry_policy.lost_backoff_s(step.lost_count)
    session.flush()
    if step.lost_count < retry_policy.MAX_LOST:
        return state.advance(session, step.job_id, progress=0, attempts=Job.attempts + 1)
    return state.fail(
        session,
        step.job_id,
        JobErrorCode.WORKER_LOST,
        "too many workers were lost while processing this book: run `fnt jobs retry` later",
        attempts=Job.attempts + 1,
    )


def count_ready(database: Database, *, for_s: float = 0.0) -> int:
    """Count the steps that have been ready for at least `for_s` seconds."""
    with database.read() as session:
        return (
            session.scalar(
                select(func.count())
                .select_from(Step)
                .where(Step.status == StepStatus.READY, Step.not_before <= now() - for_s)
            )
            or 0
        )


def fence_conditions(claimed: ClaimedStep) -> tuple[ColumnElement[bool], ...]:
    """Return the conditions for a step to be still held under this fence.

    The job is one of them: SQLite may reuse the step id of a deleted job for another job.
    """
    return (
        Step.id == claimed.step_id,
        Step.job_id == claimed.job_id,
        Step.fence == claimed.fence,
        Step.status == StepStatus.RUNNING,
    )


def update_step(session: Session, claimed: ClaimedStep, **changes: Any) -> Step:
    """Change a step under its fence; raises LeaseLostError, which rolls back the transaction."""
    step = session.scalar(
        update(Step)
        .where(*fence_conditions(claimed))
        .values(**(changes or {"fence": claimed.fence}))
        .returning(Step)
        .execution_options(populate_existing=True, synchronize_session=False)
    )
    if step is None:
        raise LeaseLostError(f"step {claimed.step_id} of job {claimed.job_id}")
    return step
