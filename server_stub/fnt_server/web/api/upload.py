"""`POST /process-pdf`: streams the upload to the storage while hashing it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from typing import Any

from flask import Blueprint, after_this_request, g, request
from werkzeug.exceptions import RequestEntityTooLarge
from werkzeug.wrappers import Response

from fnt.wire.error_codes import ErrorCode
from fnt.wire.job_status import JobStatus
from fnt_server.db.models import Job
from fnt_server.jobs.creation import StoredFile
from fnt_server.web.api.errors import ApiError, file_too_large
from fnt_server.web.api.job_files import attach, new_file_key
from fnt_server.web.api.jobs import job_answer, own_job
from fnt_server.web.api.request_parsing import begin_transfer, require_identity
from fnt_server.web.api.upload_body import OVERHEAD_BYTES, UploadBody, drain
from fnt_server.web.services import services

bp = Blueprint("upload", __name__)

HEAD_BYTES = 1024
"""A PDF has `%PDF-` within this many bytes."""


@bp.post("/process-pdf")
def process_pdf() -> tuple[dict[str, Any], int]:
    """Receive the file of a confirmed job; repeating the same bytes succeeds again."""
    after_this_request(_end_reading)
    require_identity()
    begin_transfer()  # before reading the body
    limit = services().config.uploads.max_upload_bytes
    request.max_content_length = limit + OVERHEAD_BYTES
    try:
        g.upload_body = body = UploadBody(request)
        return job_answer(_receive(body, max_bytes=limit)), 202
    except RequestEntityTooLarge:
        raise file_too_large(limit) from None


def _end_reading(response: Response) -> Response:
    """Let a client that is still sending read why it was rejected."""
    body: UploadBody | None = g.get("upload_body")
    if body is not None:
        body.close()
    if body is None or not body.is_read:
        environ = request.environ
        response.call_on_close(lambda: drain(environ))
    return response


def _receive(body: UploadBody, *, max_bytes: int) -> Job:
    job = own_job(body.read_job_id())
    if job.sha256 is None and JobStatus(job.status).is_terminal:
        message = f"the job is already {job.status}: confirm a new one"
        raise ApiError(409, ErrorCode.CONFLICT, message)
    content = _HashedPdf(body.iter_file(), max_bytes=max_bytes)
    if job.sha256 is not None:
        return _compare(job, content, body)
    key = new_file_key(job.id)
    services().storage.put(key, content)
    body.finish()
    if job.declared_sha256 not in {None, content.sha256}:
        services().storage.delete([key])
        message = "the file is not the one confirmed: it was changed or damaged in transit"
        raise ApiError(409, ErrorCode.CONFLICT, message)
    stored = StoredFile(key=key, sha256=content.sha256, size_bytes=content.size_bytes)
    return attach(services(), job.id, stored)


def _compare(job: Job, content: _HashedPdf, body: UploadBody) -> Job:
    for _ in content:
        pass
    body.finish()
    if content.sha256 != job.sha256:
        message = "this job already has a different file: confirm a new one"
        raise ApiError(409, ErrorCode.CONFLICT, message)
    return job


class _HashedPdf:
    """Yields the bytes of a PDF while hashing and counting them.

    Raises ApiError if it is not a PDF, RequestEntityTooLarge if it is too large.
    """

    def __init__(self, chunks: Iterator[bytes], *, max_bytes: int) -> None:
        self._chunks = chunks
        self._max_bytes = max_bytes
        self._hash = hashlib.sha256()
        self.size_bytes = 0

    @property
    def sha256(self) -> str:
        return self._hash.hexdigest()

    def __iter__(self) -> Iterator[bytes]:
        head = b""
        for chunk in self._chunks:
            head += chunk
            if len(head) >= HEAD_BYTES:
                break
        if b"%PDF-" not in head[:HEAD_BYTES]:
            raise ApiError(415, ErrorCode.NOT_A_PDF, "not a PDF: send the book as a PDF file")
        yield self._counted(head)
        for chunk in self._chunks:
            yield self._counted(chunk)

    def _counted(self, chunk: bytes) -> bytes:
        self._hash.update(chunk)
        self.size_bytes += len(chunk)
        if self.size_bytes > self._max_bytes:
            raise RequestEntityTooLarge
        return chunk
