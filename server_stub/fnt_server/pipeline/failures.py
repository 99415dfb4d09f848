"""How work on a book can end early."""

from __future__ import annotations

from fnt.wire.errors import JobErrorCode


class _Failure(Exception):  # noqa: N818 -- not raised itself
    def __init__(self, code: JobErrorCode, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


class PdfRejected(_Failure):
    """The file cannot be worked on, now or later."""


class ExtractionCrashed(_Failure):
    """The child was ended by a limit or a signal; another try may succeed."""
