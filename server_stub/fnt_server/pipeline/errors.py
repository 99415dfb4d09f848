"""Why a book cannot be processed, each with the error code of the job."""

from __future__ import annotations

from fnt.wire.error_codes import JobErrorCode


class _PipelineFailure(Exception):  # noqa: N818 -- not raised itself
    def __init__(self, code: JobErrorCode, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


class PdfRejected(_PipelineFailure):
    """The file cannot be processed, now or later."""


class ExtractionCrashed(_PipelineFailure):
    """A limit or a signal ended the child process; a retry may succeed."""
