"""The result of a completed job, streamed in the format asked for."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import quote

from flask import Blueprint, Response, request

from fnt.wire.errors import ErrorCode
from fnt.wire.jobs import JobStatus
from fnt.wire.results import FORMATS, MEDIA_TYPES, iter_result
from fnt.wire.structs import WireError
from fnt_server.pipeline.stored_sentences import read_lines
from fnt_server.web.api.errors import ApiError
from fnt_server.web.api.jobs import own_job
from fnt_server.web.services import services

bp = Blueprint("results", __name__)

BUFFER_CHARS = 64 * 1024


@bp.get("/jobs/<int:job_id>/result")
def get_result(job_id: int) -> Response:
    """Stream the sentences; 409 while the job is not completed."""
    format = request.args.get("format", "json")
    if format not in FORMATS:
        raise WireError(f"format must be one of: {', '.join(FORMATS)}")
    job = own_job(job_id)
    if job.status != JobStatus.COMPLETED or job.result_key is None:
        message = f"the job is {job.status}: there is a result only when it is completed"
        raise ApiError(409, ErrorCode.CONFLICT, message)
    lines = services().storage.iter_lines(job.result_key)
    pieces = iter_result(
        read_lines(lines),
        format=format,
        document={
            "original_filename": job.original_filename,
            "sha256": job.sha256,
            "page_count": job.page_count,
        },
        settings=job.processing_settings,
    )
    response = Response(_buffered(pieces), content_type=MEDIA_TYPES[format])
    stem = job.original_filename.rsplit(".", 1)[0]
    name = quote(f"{stem}.{format}", safe="")
    response.headers["Content-Disposition"] = f"attachment; filename*=UTF-8''{name}"
    return response


def _buffered(pieces: Iterator[str]) -> Iterator[bytes]:
    """Gather pieces: a write for each sentence would be most of the work."""
    held: list[str] = []
    size = 0
    for piece in pieces:
        held.append(piece)
        size += len(piece)
        if size >= BUFFER_CHARS:
            yield "".join(held).encode()
            held, size = [], 0
    yield "".join(held).encode()
