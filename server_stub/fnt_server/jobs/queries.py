"""Reads of jobs: one, many, their chunks, and the snapshot sent to clients."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC
from typing import Any

from msgspec import UNSET
from sqlalchemy import select

from fnt.wire.job_status import JobStatus
from fnt.wire.jobs import JobSnapshot, PieceQuality, ProcessingSettings
from fnt.wire.times import Time
from fnt_server.db.connection import UNAVAILABLE, Database
from fnt_server.db.models import Job, Step, StepKind
from fnt_server.jobs.findings import BookFindings


def snapshot(job: Job) -> JobSnapshot:
    """Return the Job object of a row."""
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
        expires_at=UNSET if job.expires_at is None else _utc(job.expires_at),
        warnings=BookFindings.of_row(job.findings).warnings or UNSET,
        quality=PieceQuality.from_wire(job.quality) if job.quality else UNSET,
    )


def get(database: Database, user_id: int, job_id: int) -> Job | None:
    """Return a job of this user; None for any other."""
    with database.read() as session:
        return session.scalar(select(Job).where(Job.id == job_id, Job.user_id == user_id))


def stored_job(database: Database, job_id: int) -> dict[str, Any] | None:
    """Return a job as clients see it; None if it does not exist or the database is down."""
    try:
        with database.read() as session:
            job = session.get(Job, job_id)
    except UNAVAILABLE:
        return None
    return None if job is None else snapshot(job).to_wire()


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
    """Return a job's chunk steps in order."""
    with database.read() as session:
        return list(
            session.scalars(
                select(Step)
                .where(Step.job_id == job_id, Step.kind == StepKind.CHUNK)
                .order_by(Step.number)
            )
        )


def _utc(moment: float) -> Time:
    return Time.fromtimestamp(moment, UTC)


def _utc_or_none(moment: float | None) -> Time | None:
    return None if moment is None else _utc(moment)
