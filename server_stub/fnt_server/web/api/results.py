"""The result of a completed job, streamed in the format asked for."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from email.utils import encode_rfc2231

from flask import Blueprint, Response, request

from fnt.wire.error_codes import ErrorCode
from fnt.wire.job_status import JobStatus
from fnt.wire.requests import ResultQuery
from fnt.wire.results import MEDIA_TYPES, iter_result
from fnt_server.pipeline.stored_sentences import read_lines
from fnt_server.web.api.errors import ApiError
from fnt_server.web.api.jobs import own_job
from fnt_server.web.api.request_parsing import begin_transfer
from fnt_server.web.services import services

log = logging.getLogger(__name__)

bp = Blueprint("results", __name__)

BUFFER_CHARS = 64 * 1024


@bp.get("/jobs/<int:job_id>/result")
def get_result(job_id: int) -> Response:
    """Stream the sentences; 409 unless the job is completed."""
    format = ResultQuery.from_query(request.args).format
    job = own_job(job_id)
    if job.status != JobStatus.COMPLETED or job.result_key is None:
        message = f"the job is {job.status}: only a completed job has a result"
        raise ApiError(409, ErrorCode.CONFLICT, message)
    begin_transfer()
    lines = _stored_lines(job.id, job.result_key)
    pieces = iter_result(
        read_lines(lines),
        format=format,
        document={
            "original_filename": job.original_filename,
            "sha256": job.sha256,
            "page_count": job.page_count,
            **(job.findings or {}),
            **({"quality": job.quality} if job.quality else {}),
        },
        settings=job.processing_settings,
    )
    response = Response(_buffered(pieces), content_type=MEDIA_TYPES[format])
    stem = job.original_filename.rsplit(".", 1)[0]
    name = encode_rfc2231(f"{stem}.{format}", "UTF-8")
    response.headers["Content-Disposition"] = f"attachment; filename*={name}"
    return response


def _stored_lines(job_id: int, result_key: str) -> Iterator[bytes]:
    try:
        return services().storage.iter_lines(result_key)
    except FileNotFoundError:
        own_job(job_id)  # 404 if the job was deleted at this moment
        log.error("result missing in the storage")
        message = "the result is no longer stored: upload the file again"
        raise ApiError(410, ErrorCode.RESULT_GONE, message) from None


def _buffered(pieces: Iterator[str]) -> Iterator[bytes]:
    """Buffer the output: a write per sentence would take most of the time."""
    held: list[str] = []
    size = 0
    for piece in pieces:
        held.append(piece)
        size += len(piece)
        if size >= BUFFER_CHARS:
            yield "".join(held).encode()
            held, size = [], 0
    yield "".join(held).encode()
