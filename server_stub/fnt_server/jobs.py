"""The only writer of jobs: confirm, attach a file, advance, end, delete.

Every change raises `version` by one; an ended job never changes again; progress never falls.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import ColumnElement, case, delete, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from fnt.wire.errors import ErrorCode, JobErrorCode
from fnt.wire.jobs import (
    MAX_ERROR_CHARS,
    TERMINAL,
    JobSnapshot,
    JobStatus,
    ProcessingSettings,
)
from fnt_server.database import Database, now
from fnt_server.models import Job, Step, StepKind, StepStatus

ABANDONED_AFTER_S = 24 * 3600
"""A confirmed job that got no file for so long is failed."""

LIVE = (JobStatus.PENDING, JobStatus.PROCESSING)


class JobRefused(Exception):  # noqa: N818 -- an answer, not a failure
    """A request that the job's state does not allow; `code` and `message` go to the client."""

    def __init__(self, code: ErrorCode, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


@dataclass(frozen=True, slots=True, kw_only=True)
class NewJob:
    """What confirm is asked for."""

    user_id: int
    original_filename: str
    settings: ProcessingSettings
    request_hash: str
    """SHA-256 of the parsed request: the same key may not be used for another one."""
    idempotency_key: str | None = None
    declared_sha256: str | None = None
    retry_of: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredFile:
    """An uploaded file as it lies in the storage."""

    key: str
    sha256: str
    size_bytes: int


def snapshot(job: Job) -> JobSnapshot:
    """Return a row as the Job that travels."""
    return JobSnapshot(
        id=job.id,
        version=job.version,
        status=JobStatus(job.status),
        original_filename=job.original_filename,
        file_size=job.file_size,
        sha256=job.sha256,
        page_count=job.page_count,
        progress_percent=job.progress_percent,
        current_step=job.current_step,
        total_chunks=job.total_chunks,
        processed_chunks=job.processed_chunks,
        failed_chunks=job.failed_chunks,
        sentence_count=job.sentence_count,
        processing_settings=ProcessingSettings.from_wire(job.processing_settings),
        error_message=job.error_message,
        error_code=job.error_code,
        attempts=job.attempts,
        retry_of=job.retry_of,
        created_at=_utc(job.created_at),
        uploaded_at=_utc_or_none(job.uploaded_at),
        started_at=_utc_or_none(job.started_at),
        completed_at=_utc_or_none(job.completed_at),
        updated_at=_utc(job.updated_at),
    )


def confirm(database: Database, new: NewJob) -> tuple[Job, bool]:
    """Make a job, or find the one this idempotency key made; the flag tells which.

    Raises JobRefused when the key was used for another request.
    """
    try:
        with database.write() as session:
            existing = _by_key(session, new)
            if existing is None:
                job = _new_row(new)
                session.add(job)
                session.flush()
                session.refresh(job)
                return job, True
    except IntegrityError:  # on PostgreSQL another request with this key was quicker
        with database.read() as session:
            existing = _by_key(session, new)
            if existing is None:
                raise
    if existing.request_hash != new.request_hash:
        raise JobRefused(
            ErrorCode.CONFLICT, "this Idempotency-Key was used for another request: take a new one"
        )
    return existing, False


def _by_key(session: Session, new: NewJob) -> Job | None:
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


def attach_file(database: Database, job_id: int, file: StoredFile) -> tuple[Job, bool]:
    """Make a stored file the job's own and add its first step; the flag tells if it became so.

    Compare-and-set on the still empty hash: of two uploads one wins. The same bytes again answer
    as the first time (the new object is then not needed). Raises JobRefused for other bytes and
    for a job that has ended.
    """
    with database.write() as session:
        job = _changed(
            session,
            job_id,
            Job.sha256.is_(None),
            sha256=file.sha256,
            file_size=file.size_bytes,
            file_key=file.key,
            uploaded_at=now(),
        )
        if job is not None:
            session.add(
                Step(
                    job_id=job_id, kind=StepKind.ANALYSE, status=StepStatus.READY, not_before=now()
                )
            )
            return job, True
        job = session.get(Job, job_id)
    if job is None:
        raise JobRefused(ErrorCode.JOB_NOT_FOUND, "there is no such job")
    if job.sha256 != file.sha256:
        raise JobRefused(ErrorCode.CONFLICT, _why_no_file(job))
    return job, False


def _why_no_file(job: Job) -> str:
    if job.sha256 is None:
        return f"the job is {job.status} already: confirm a new one"
    return "this job has another file already: confirm a new one"


def get(database: Database, user_id: int, job_id: int) -> Job | None:
    """Return a user's own job; another's is as if it did not exist."""
    with database.read() as session:
        return session.scalar(select(Job).where(Job.id == job_id, Job.user_id == user_id))


def list_jobs(
    database: Database,
    user_id: int,
    *,
    statuses: Sequence[str] = (),
    sha256: str | None = None,
    ids: Sequence[int] | None = None,
    before_id: int | None = None,
    limit: int,
) -> list[Job]:
    """Return a user's jobs, newest first."""
    query = select(Job).where(Job.user_id == user_id).order_by(Job.id.desc()).limit(limit)
    if statuses:
        query = query.where(Job.status.in_(statuses))
    if sha256 is not None:
        query = query.where(Job.sha256 == sha256)
    if ids is not None:
        query = query.where(Job.id.in_(ids))
    if before_id is not None:
        query = query.where(Job.id < before_id)
    with database.read() as session:
        return list(session.scalars(query))


def list_chunks(database: Database, job_id: int) -> list[Step]:
    """Return a job's chunk steps in their order."""
    with database.read() as session:
        return list(
            session.scalars(
                select(Step)
                .where(Step.job_id == job_id, Step.kind == StepKind.CHUNK)
                .order_by(Step.number)
            )
        )


def cancel(database: Database, user_id: int, job_id: int) -> tuple[Job, bool] | None:
    """End a job as cancelled; one that has ended stays as it ended. None when it is not theirs."""
    with database.write() as session:
        job = end(session, job_id, JobStatus.CANCELLED, Job.user_id == user_id)
        if job is not None:
            return job, True
        job = session.scalar(select(Job).where(Job.id == job_id, Job.user_id == user_id))
    return (job, False) if job is not None else None


def delete_job(database: Database, user_id: int, job_id: int) -> bool:
    """Delete the row of a job that has ended or never got a file; False when it is not theirs.

    Raises JobRefused while the job is running. Its objects are the caller's to delete.
    """
    with database.write() as session:
        job = session.scalar(
            select(Job).where(Job.id == job_id, Job.user_id == user_id).with_for_update()
        )
        if job is None:
            return False
        if job.status in LIVE and job.sha256 is not None:
            raise JobRefused(ErrorCode.CONFLICT, "the job is running: cancel it first")
        session.execute(delete(Step).where(Step.job_id == job_id))
        session.delete(job)
    return True


def abandon(database: Database) -> list[Job]:
    """Fail the jobs that were confirmed long ago and never got a file."""
    with database.write() as session:
        waiting = (Job.status == JobStatus.PENDING, Job.sha256.is_(None))
        ids = session.scalars(
            select(Job.id)
            .where(*waiting, Job.created_at < now() - ABANDONED_AFTER_S)
            .order_by(Job.id)
        )
        code, message = JobErrorCode.UPLOAD_ABANDONED, "no file came within 24 hours"
        ended = [fail(session, job_id, code, message, *waiting) for job_id in list(ids)]
    return [job for job in ended if job is not None]


def lock(session: Session, job_id: int) -> None:
    """Hold a job until the transaction ends.

    Whoever writes a job together with its steps locks the job first: one order of locks, so no
    deadlock, and what is decided of all its steps holds for those just being added.
    """
    session.execute(select(Job.id).where(Job.id == job_id).with_for_update())


def advance(session: Session, job_id: int, *, progress: int, **changes: Any) -> Job | None:
    """Change a job that has not ended; progress never falls. None when it has ended."""
    higher = case((Job.progress_percent < progress, progress), else_=Job.progress_percent)
    changes.setdefault("status", JobStatus.PROCESSING)
    return _changed(session, job_id, progress_percent=higher, **changes)


def fail(
    session: Session,
    job_id: int,
    code: str,
    message: str,
    *conditions: ColumnElement[bool],
    **changes: Any,
) -> Job | None:
    """End a job as failed with a reason; None when it had ended already."""
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
    """End a job, once: the first end wins. Steps that are left are dropped."""
    if status is JobStatus.CANCELLED:
        changes["current_step"] = "Cancelled"
    job = _changed(session, job_id, *conditions, status=status, completed_at=now(), **changes)
    if job is not None:
        session.execute(
            update(Step)
            .where(Step.job_id == job_id, Step.status.in_((StepStatus.READY, StepStatus.RUNNING)))
            .values(status=StepStatus.DROPPED)
            .execution_options(synchronize_session=False)
        )
    return job


def _changed(
    session: Session, job_id: int, *conditions: ColumnElement[bool], **changes: Any
) -> Job | None:
    return session.scalar(
        update(Job)
        .where(Job.id == job_id, Job.status.not_in(TERMINAL), *conditions)
        .values(version=Job.version + 1, updated_at=now(), **changes)
        .returning(Job)
        .execution_options(populate_existing=True, synchronize_session=False)
    )


def _utc(moment: float) -> datetime:
    return datetime.fromtimestamp(moment, UTC)


def _utc_or_none(moment: float | None) -> datetime | None:
    return None if moment is None else _utc(moment)
