"""Creation of jobs: confirm, attach the file, or fail if no file arrives."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass

from sqlalchemy import case, func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from fnt.wire.error_codes import ErrorCode, JobErrorCode
from fnt.wire.job_status import JobStatus
from fnt.wire.jobs import ProcessingSettings
from fnt_server.config.job_quotas import JobQuotas
from fnt_server.db.connection import Database, RowLocked, now
from fnt_server.db.models import Job, Step, StepKind, StepStatus
from fnt_server.db.user_lock import lock_user
from fnt_server.jobs import state
from fnt_server.jobs.state import JobRefused
from fnt_server.jobs.storage_quota import check_quota

ABANDONED_AFTER_S = 6 * 3600
"""A confirmed job that has no file after this time fails."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NewJob:
    """The parameters of a new job."""

    user_id: int
    original_filename: str
    settings: ProcessingSettings
    request_hash: str
    """SHA-256 of the parsed request, to detect a key reused for a different one."""
    idempotency_key: str | None = None
    declared_sha256: str | None = None
    declared_size: int = 0
    """Bytes of the file, as far as the client says."""
    retry_of: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredFile:
    """An uploaded file in the storage."""

    key: str
    sha256: str
    size_bytes: int


def confirm(
    database: Database, new: NewJob, *, quotas: JobQuotas | None = None
) -> tuple[Job, bool]:
    """Create a job, or return the one this idempotency key created; the flag says which.

    Raises JobRefused if the key was used for a different request or a limit is reached.
    """
    try:
        with database.write() as session:
            if quotas is not None:
                lock_user(session, new.user_id)
            existing = _find_by_key(session, new)
            if existing is None:
                if quotas is not None:
                    _check_unfinished(session, new.user_id, quotas)
                    check_quota(
                        session,
                        new.user_id,
                        quota_bytes=quotas.user_quota_bytes,
                        more_bytes=max(1, new.declared_size),
                    )
                job = _new_row(new)
                session.add(job)
                session.flush()
                session.refresh(job)
                return job, True
    except IntegrityError:  # on PostgreSQL, a concurrent request with this key won
        with database.read() as session:
            existing = _find_by_key(session, new)
            if existing is None:
                raise
    if existing.request_hash != new.request_hash:
        raise JobRefused(
            ErrorCode.CONFLICT,
            "this Idempotency-Key was used for a different request: use a new one",
        )
    return existing, False


def _check_unfinished(session: Session, user_id: int, quotas: JobQuotas) -> None:
    """Raise JobRefused; concurrent requests of several users may exceed the total by a few."""
    of_this_user = func.count(case((Job.user_id == user_id, 1)))
    total, of_user = session.execute(
        select(func.count(), of_this_user).where(Job.status.in_(state.LIVE))
    ).one()
    if of_user >= quotas.max_user_jobs:
        message = f"you have {of_user} unfinished jobs: wait until some finish, or cancel some"
        raise JobRefused(ErrorCode.TOO_MANY_JOBS, message)
    if total >= quotas.max_queued_jobs:
        message = "the server has too many unfinished jobs: try again later"
        raise JobRefused(ErrorCode.QUEUE_FULL, message)


def _find_by_key(session: Session, new: NewJob) -> Job | None:
    if new.idempotency_key is None:
        return None
    return session.scalar(
        select(Job).where(Job.user_id == new.user_id, Job.idempotency_key == new.idempotency_key)
    )


def _new_row(new: NewJob) -> Job:
    return Job(
        user_id=new.user_id,
        status=JobStatus.PENDING,
        original_filename=new.original_filename,
        processing_settings=new.settings.to_wire(),
        declared_sha256=new.declared_sha256,
        idempotency_key=new.idempotency_key,
        request_hash=new.request_hash,
        retry_of=new.retry_of,
        created_at=now(),
        updated_at=now(),
    )


def attach_file(
    database: Database, job_id: int, file: StoredFile, *, quota_bytes: int = 0
) -> tuple[Job, bool]:
    """Attach a stored file to its job and add the first step; the flag says whether it was needed.

    Compare-and-set on the empty hash: of two uploads, one wins. Repeating the same bytes succeeds
    (the new object is then not needed). Raises JobRefused for different bytes, for a job that has
    ended, and if it exceeds the quota of bytes; 0 is none.
    """
    with database.write() as session:
        if quota_bytes:
            lock_user(session, select(Job.user_id).where(Job.id == job_id).scalar_subquery())
        job = state.update_job(
            session,
            job_id,
            Job.sha256.is_(None),
            sha256=file.sha256,
            file_size=file.size_bytes,
            file_key=file.key,
            uploaded_at=now(),
        )
        if job is not None:
            check_quota(session, job.user_id, quota_bytes=quota_bytes, more_bytes=0)
            session.add(
                Step(
                    job_id=job_id, kind=StepKind.ANALYSE, status=StepStatus.READY, not_before=now()
                )
            )
            return job, True
        job = session.get(Job, job_id)
    if job is None:
        raise JobRefused(ErrorCode.JOB_NOT_FOUND, "job not found")
    if job.sha256 != file.sha256:
        raise JobRefused(ErrorCode.CONFLICT, _conflict_message(job))
    return job, False


def _conflict_message(job: Job) -> str:
    if job.sha256 is None:
        return f"the job is already {job.status}: confirm a new one"
    return "this job already has a different file: confirm a new one"


def fail_abandoned(database: Database) -> list[Job]:
    """Fail jobs that were confirmed long ago and never got a file."""
    waiting = (Job.status == JobStatus.PENDING, Job.sha256.is_(None))
    with database.read() as session:
        old = Job.created_at < now() - ABANDONED_AFTER_S
        ids = session.scalars(select(Job.id).where(*waiting, old).order_by(Job.id)).all()
    code, message = JobErrorCode.UPLOAD_ABANDONED, "no file was uploaded within 6 hours"
    ended = []
    for job_id in ids:
        with contextlib.suppress(RowLocked), database.write_unless_locked() as session:
            ended.append(state.fail(session, job_id, code, message, *waiting))
    return [job for job in ended if job is not None]
