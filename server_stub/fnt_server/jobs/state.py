"""State changes of a job: advance, end, cancel, delete.

Every change raises `version` by one; an ended job never changes again; progress never decreases.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, case, delete, select, update
from sqlalchemy.orm import Session
from sqlalchemy.orm.attributes import set_committed_value

from fnt.wire.error_codes import ErrorCode
from fnt.wire.job_status import TERMINAL, JobStatus
from fnt.wire.jobs import MAX_ERROR_CHARS
from fnt_server.db.connection import Database, now
from fnt_server.db.models import Job, Step, StepStatus

LIVE = (JobStatus.PENDING, JobStatus.PROCESSING)


class JobRefused(Exception):  # noqa: N818 -- an answer, not a failure
    """A request that the job's state does not allow; `code` and `message` go to the client."""

    def __init__(self, code: ErrorCode, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


def cancel(database: Database, user_id: int, job_id: int) -> tuple[Job, bool] | None:
    """Cancel a job; one that has ended stays as it is. None if the user has no such job."""
    with database.write() as session:
        job = end(session, job_id, JobStatus.CANCELLED, Job.user_id == user_id)
        if job is not None:
            return job, True
        job = session.scalar(select(Job).where(Job.id == job_id, Job.user_id == user_id))
    return (job, False) if job is not None else None


def delete_job(database: Database, user_id: int, job_id: int) -> bool:
    """Delete a job that has ended or never got a file; False if the user has no such job.

    Raises JobRefused while the job is running. The caller deletes its objects.
    """
    with database.write() as session:
        job = session.scalar(
            select(Job).where(Job.id == job_id, Job.user_id == user_id).with_for_update()
        )
        if job is None:
            return False
        if job.status in LIVE and job.sha256 is not None:
            raise JobRefused(ErrorCode.CONFLICT, "the job is running: cancel it first")
        delete_rows(session, [job_id])
    return True


def delete_rows(session: Session, job_ids: Sequence[int]) -> None:
    """Delete jobs with their steps, whatever their status."""
    session.execute(delete(Step).where(Step.job_id.in_(job_ids)))
    session.execute(delete(Job).where(Job.id.in_(job_ids)))


def lock(session: Session, job_id: int) -> None:
    """Lock a job until the transaction ends.

    Writers of a job and its steps lock the job first. One lock order prevents deadlocks, and a
    decision about all of its steps includes those just being added.
    """
    session.execute(select(Job.id).where(Job.id == job_id).with_for_update())


def advance(session: Session, job_id: int, *, progress: int, **changes: Any) -> Job | None:
    """Change a job that has not ended; progress never decreases. None if it has ended."""
    higher = case((Job.progress_percent < progress, progress), else_=Job.progress_percent)
    changes.setdefault("status", JobStatus.PROCESSING)
    return update_job(session, job_id, progress_percent=higher, **changes)


def fail(
    session: Session,
    job_id: int,
    code: str,
    message: str,
    *conditions: ColumnElement[bool],
    **changes: Any,
) -> Job | None:
    """Fail a job with a reason; None if it had already ended."""
    return end(
        session,
        job_id,
        JobStatus.FAILED,
        *conditions,
        progress_percent=100,
        current_step="Failed",
        error_code=code,
        error_message=message[:MAX_ERROR_CHARS],
        **changes,
    )


def end(
    session: Session,
    job_id: int,
    status: JobStatus,
    *conditions: ColumnElement[bool],
    **changes: Any,
) -> Job | None:
    """End a job; only the first end counts. Remaining steps are dropped."""
    if status is JobStatus.CANCELLED:
        changes["current_step"] = "Cancelled"
    job = update_job(session, job_id, *conditions, status=status, completed_at=now(), **changes)
    if job is not None:
        session.execute(
            update(Step)
            .where(Step.job_id == job_id, Step.status.in_((StepStatus.READY, StepStatus.RUNNING)))
            .values(status=StepStatus.DROPPED)
            .execution_options(synchronize_session=False)
        )
    return job


def update_job(
    session: Session, job_id: int, *conditions: ColumnElement[bool], **changes: Any
) -> Job | None:
    """Change a job that has not ended and meets the conditions; None for any other."""
    changed = session.execute(
        update(Job)
        .where(Job.id == job_id, Job.status.not_in(TERMINAL), *conditions)
        .values(version=Job.version + 1, updated_at=now(), **changes)
        .returning(Job, Job.expires_at)
        .execution_options(populate_existing=True, synchronize_session=False)
    ).first()
    if changed is None:
        return None
    job, expires_at = changed
    set_committed_value(job, "expires_at", expires_at)  # RETURNING loads only columns
    return job
