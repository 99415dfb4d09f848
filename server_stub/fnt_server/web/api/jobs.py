"""Jobs: confirm, list, get, cancel, retry, delete."""

from __future__ import annotations

import hashlib
import json
from contextlib import suppress
from datetime import UTC
from typing import Any

from flask import Blueprint, Response, request
from msgspec import UNSET, UnsetType

from fnt.wire.error_codes import ErrorCode
from fnt.wire.job_status import JobStatus
from fnt.wire.jobs import ProcessingSettings
from fnt.wire.requests import MAX_ID, ConfirmRequest, JobsQuery
from fnt.wire.responses import Chunk, ChunkList, ExpiringJobs, JobAnswer, JobPage
from fnt.wire.structs import WireError
from fnt.wire.times import Time
from fnt_server import engines, logs
from fnt_server.db.models import Job, Step, StepStatus
from fnt_server.jobs import creation, queries, retention, state
from fnt_server.jobs.creation import NewJob, StoredFile
from fnt_server.storage.object_store import StorageDownError
from fnt_server.web.api.errors import ApiError, file_too_large, job_not_found
from fnt_server.web.api.job_files import attach, new_file_key
from fnt_server.web.api.request_parsing import idempotency_key, json_object, require_identity
from fnt_server.web.services import services

bp = Blueprint("jobs", __name__)

CHUNK_STATUS = {
    StepStatus.READY: "pending",
    StepStatus.RUNNING: "processing",
    StepStatus.DONE: "completed",
    StepStatus.FAILED: "failed",
    StepStatus.DROPPED: "cancelled",
}


@bp.post("/jobs/confirm")
def confirm() -> tuple[dict[str, Any], int]:
    """Create a job that waits for its file."""
    user_id, content = require_identity().user_id, json_object()
    asked = ConfirmRequest.from_wire(content)
    settings = asked.processing_settings or ProcessingSettings()
    if settings.engine not in engines.NAMES:
        known = ", ".join(sorted(engines.NAMES))
        raise WireError(f"processing_settings.engine must be one of: {known}")
    missing = engines.missing_requirement(settings.engine)
    if missing is not None:
        raise WireError(f"the engine {settings.engine} is not set up on this server: {missing}")
    if settings.min_sentence_length > settings.sentence_length_limit:
        raise WireError("min_sentence_length must not exceed sentence_length_limit")
    limit = services().config.uploads.max_upload_bytes
    if (asked.file_size or 0) > limit:
        raise file_too_large(limit)
    new = NewJob(
        user_id=user_id,
        original_filename=_storable(asked.original_filename),
        settings=settings,
        idempotency_key=idempotency_key(),
        declared_sha256=asked.sha256,
        declared_size=asked.file_size or 0,
        request_hash=_request_hash(content),
    )
    job, created = creation.confirm(services().database, new, quotas=services().config.quotas)
    return job_answer(job), 201 if created else 200


def _storable(name: str) -> str:
    """Return a name that can be stored: PostgreSQL allows no NUL, UTF-8 no lone surrogate."""
    return name.replace("\0", "").encode("utf-8", "replace").decode() or "?"


@bp.get("/jobs")
def list_jobs() -> dict[str, Any]:
    """List the user's jobs, newest first."""
    user_id = require_identity().user_id
    asked = JobsQuery.from_query(request.args)
    found = queries.list_jobs(
        services().database,
        user_id,
        statuses=asked.status or (),
        sha256=asked.sha256,
        ids=asked.ids,
        before_id=asked.cursor,
        limit=asked.limit + 1,
    )
    return JobPage(
        jobs=[queries.snapshot(job) for job in found[: asked.limit]],
        next_cursor=str(found[asked.limit - 1].id) if len(found) > asked.limit else None,
        expiring=UNSET if asked.cursor else _expiring(user_id),
    ).to_wire()


def _expiring(user_id: int) -> ExpiringJobs | UnsetType:
    found = retention.expiring_soon(services().database, user_id)
    if found is None:
        return UNSET
    return ExpiringJobs(count=found.count, first_at=Time.fromtimestamp(found.first_at, UTC))


@bp.get("/jobs/<int:job_id>")
def get_job(job_id: int) -> Response | tuple[dict[str, Any], int, dict[str, str]]:
    """Return the Job; 304 if the client has this version."""
    job = own_job(job_id)
    etag = f'"{job.version}"'
    if request.headers.get("If-None-Match") == etag:
        return Response(status=304, headers={"ETag": etag})
    return queries.snapshot(job).to_wire(), 200, {"ETag": etag}


@bp.get("/jobs/<int:job_id>/chunks")
def get_chunks(job_id: int) -> dict[str, Any]:
    """Return the status of each chunk."""
    job = own_job(job_id)
    chunks = [_chunk(step) for step in queries.list_chunks(services().database, job.id)]
    return ChunkList(chunks=chunks).to_wire()


@bp.post("/jobs/<int:job_id>/cancel")
def cancel(job_id: int) -> dict[str, Any]:
    """Cancel the job; one that has already ended is returned unchanged."""
    found = state.cancel(services().database, require_identity().user_id, _storable_id(job_id))
    if found is None:
        raise job_not_found()
    job, changed = found
    wire = queries.snapshot(job).to_wire()
    if changed:
        services().publisher.publish(wire)
    return wire


@bp.post("/jobs/<int:job_id>/retry")
def retry(job_id: int) -> tuple[dict[str, Any], int]:
    """Create a new job from the stored file of a failed or cancelled one."""
    old = own_job(job_id)
    if old.status not in {JobStatus.FAILED, JobStatus.CANCELLED}:
        raise ApiError(409, ErrorCode.CONFLICT, "only a failed or cancelled job can be retried")
    if old.file_key is None:
        raise ApiError(409, ErrorCode.CONFLICT, "the job has no file: upload it again")
    new = NewJob(
        user_id=old.user_id,
        original_filename=old.original_filename,
        settings=ProcessingSettings.from_wire(old.processing_settings),
        idempotency_key=idempotency_key(),
        request_hash=_request_hash({"retry_of": job_id}),
        retry_of=job_id,
        declared_size=old.file_size or 0,
    )
    job, created = creation.confirm(services().database, new, quotas=services().config.quotas)
    if job.sha256 is None and not JobStatus(job.status).is_terminal:
        job = _copy_file(job, old)
    return queries.snapshot(job).to_wire(), 201 if created else 200


def _copy_file(job: Job, old: Job) -> Job:
    assert old.file_key and old.sha256 and old.file_size is not None
    key = new_file_key(job.id)
    try:
        services().storage.copy(old.file_key, key)
    except FileNotFoundError:
        state.delete_job(services().database, job.user_id, job.id)
        raise ApiError(
            409, ErrorCode.CONFLICT, "the file no longer exists: upload it again"
        ) from None
    return attach(
        services(), job.id, StoredFile(key=key, sha256=old.sha256, size_bytes=old.file_size)
    )


@bp.delete("/jobs/<int:job_id>")
def delete(job_id: int) -> tuple[str, int]:
    """Delete a job that is not running, with its file and result."""
    user_id = require_identity().user_id
    if not state.delete_job(services().database, user_id, _storable_id(job_id)):
        raise job_not_found()
    with suppress(StorageDownError):  # the janitor deletes what is left
        services().storage.delete_under(f"jobs/{job_id}/")
    return "", 204


def own_job(job_id: int) -> Job:
    """Return a job of this user; raises 404 for another user's as for one that does not exist."""
    job = queries.get(services().database, require_identity().user_id, _storable_id(job_id))
    if job is None:
        raise job_not_found()
    logs.add_context(job_id=job.id)
    return job


def job_answer(job: Job) -> dict[str, Any]:
    """Return the response body of confirm and upload."""
    logs.add_context(job_id=job.id)
    snapshot = queries.snapshot(job)
    return JobAnswer(job_id=job.id, status=snapshot.status, job=snapshot).to_wire()


def _storable_id(job_id: int) -> int:
    if not 0 < job_id <= MAX_ID:
        raise job_not_found()
    return job_id


def _request_hash(content: dict[str, Any]) -> str:
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def _chunk(step: Step) -> Chunk:
    return Chunk(
        chunk_id=step.number,
        start_page=step.start_page,
        end_page=step.end_page,
        status=JobStatus(CHUNK_STATUS[StepStatus(step.status)]),
        attempts=step.attempts,
        by_rules=step.by_rules,
        last_error=step.last_error,
        last_error_code=step.last_error_code,
    )
