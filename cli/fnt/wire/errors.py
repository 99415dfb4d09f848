"""Stable error codes."""

from __future__ import annotations

from enum import StrEnum


class ErrorCode(StrEnum):
    """Why a request was refused. Codes are stable; sentences are not."""

    BAD_REQUEST = "BAD_REQUEST"
    NOT_LOGGED_IN = "NOT_LOGGED_IN"
    TOKEN_EXPIRED = "TOKEN_EXPIRED"  # noqa: S105 -- a code, not a secret
    TOKEN_INVALID = "TOKEN_INVALID"  # noqa: S105 -- a code, not a secret
    BAD_CREDENTIALS = "BAD_CREDENTIALS"
    WEAK_PASSWORD = "WEAK_PASSWORD"  # noqa: S105 -- a code, not a secret
    JOB_NOT_FOUND = "JOB_NOT_FOUND"
    NOT_FOUND = "NOT_FOUND"
    METHOD_NOT_ALLOWED = "METHOD_NOT_ALLOWED"
    CONFLICT = "CONFLICT"
    FILE_TOO_LARGE = "FILE_TOO_LARGE"
    NOT_A_PDF = "NOT_A_PDF"
    UPLOAD_TOO_SLOW = "UPLOAD_TOO_SLOW"
    RATE_LIMITED = "RATE_LIMITED"
    TOO_MANY_JOBS = "TOO_MANY_JOBS"
    QUEUE_FULL = "QUEUE_FULL"
    QUOTA_EXCEEDED = "QUOTA_EXCEEDED"
    BUSY = "BUSY"
    UNAVAILABLE = "UNAVAILABLE"
    STORAGE_FULL = "STORAGE_FULL"
    INTERNAL = "INTERNAL"


class JobErrorCode(StrEnum):
    """Why a job failed."""

    PDF_ENCRYPTED = "PDF_ENCRYPTED"
    PDF_DAMAGED = "PDF_DAMAGED"
    PDF_NO_TEXT = "PDF_NO_TEXT"
    PDF_TOO_MANY_PAGES = "PDF_TOO_MANY_PAGES"
    PDF_LIMIT = "PDF_LIMIT"
    WORKER_LOST = "WORKER_LOST"
    ENGINE_FAILED = "ENGINE_FAILED"
    STORAGE_FULL = "STORAGE_FULL"
    UPLOAD_ABANDONED = "UPLOAD_ABANDONED"
    INTERNAL = "INTERNAL"
