"""The Job as it travels: one small object in REST answers, join answers and every event."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

MAX_FILENAME_CHARS = 255
MAX_ERROR_CHARS = 500


class WireError(ValueError):
    """A payload that is not what the contract says; the message names the field."""


class JobStatus(StrEnum):
    """Where a job stands: `pending → processing → completed | failed | cancelled`."""

    PENDING = "pending"
    PROCESSING = "processing"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"

    @property
    def is_terminal(self) -> bool:
        """Whether a job in this status never changes again."""
        return self in TERMINAL


TERMINAL = frozenset({JobStatus.COMPLETED, JobStatus.FAILED, JobStatus.CANCELLED})


@dataclass(frozen=True, slots=True, kw_only=True)
class ProcessingSettings:
    """How a book is to be split. Fixed when the job is confirmed."""

    sentence_length_limit: int = 8
    """Maximum words per sentence, 3 to 50."""
    min_sentence_length: int = 2
    """Minimum words per piece, 1 to 10."""
    engine: str = "rules"
    ignore_dialogue: bool = False
    preserve_formatting: bool = True
    fix_hyphenation: bool = True

    @classmethod
    def from_wire(cls, payload: object) -> ProcessingSettings:
        """Read settings, missing ones by default.

        Raises WireError, naming the field, for an unknown name, a wrong type or a value out of
        range: never a silent default.
        """
        if not isinstance(payload, Mapping):
            raise WireError("processing_settings must be an object")
        known = {f.name: type(f.default) for f in fields(cls)}
        for name, value in payload.items():
            if name not in known:
                raise WireError(f"processing_settings.{str(name)[:40]} is not a known setting")
            if type(value) is not known[name]:
                raise WireError(f"processing_settings.{name} must be {_KINDS[known[name]]}")
        settings = cls(**payload)
        _check_range("sentence_length_limit", settings.sentence_length_limit, 3, 50)
        _check_range("min_sentence_length", settings.min_sentence_length, 1, 10)
        if not settings.engine or len(settings.engine) > 40:
            raise WireError("processing_settings.engine must be a name of 1 to 40 characters")
        return settings

    def to_wire(self) -> dict[str, Any]:
        """Return the settings as they travel."""
        return asdict(self)


_KINDS: dict[type, str] = {int: "an integer", str: "a string", bool: "true or false"}


def _check_range(name: str, value: int, low: int, high: int) -> None:
    if not low <= value <= high:
        raise WireError(f"processing_settings.{name} must be {low} to {high}")


@dataclass(frozen=True, slots=True, kw_only=True)
class JobSnapshot:
    """The whole visible job at one instant. `version` rises by one with every change."""

    id: int
    version: int
    status: JobStatus
    original_filename: str
    created_at: datetime
    updated_at: datetime
    progress_percent: int = 0
    processed_chunks: int = 0
    failed_chunks: int = 0
    attempts: int = 0
    processing_settings: ProcessingSettings = field(default_factory=ProcessingSettings)
    file_size: int | None = None
    """Bytes."""
    sha256: str | None = None
    page_count: int | None = None
    current_step: str | None = None
    total_chunks: int | None = None
    sentence_count: int | None = None
    error_message: str | None = None
    error_code: str | None = None
    retry_of: int | None = None
    uploaded_at: datetime | None = None
    started_at: datetime | None = None
    completed_at: datetime | None = None

    @classmethod
    def from_wire(cls, payload: object) -> JobSnapshot:
        """Read a Job, passing over unknown fields; raises WireError for a missing or wrong one."""
        if not isinstance(payload, Mapping):
            raise WireError("a job must be an object")
        return cls(**{name: read(payload.get(name), name) for name, read in _READERS.items()})

    def to_wire(self) -> dict[str, Any]:
        """Return the Job as it travels: every field, times in UTC with `Z`."""
        return {f.name: _written(getattr(self, f.name)) for f in fields(self)}


def format_time(moment: datetime) -> str:
    """Write a time as UTC RFC 3339 with `Z`, milliseconds."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _written(value: object) -> object:
    if isinstance(value, datetime):
        return format_time(value)
    return value.to_wire() if isinstance(value, ProcessingSettings) else value


def _int(value: object, name: str) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise WireError(f"{name} must be an integer")
    return value


def _count(value: object, name: str) -> int:
    if _int(value, name) < 0:
        raise WireError(f"{name} must not be negative")
    return _int(value, name)


def _percent(value: object, name: str) -> int:
    if _count(value, name) > 100:
        raise WireError(f"{name} must be 0 to 100")
    return _int(value, name)


def _text(value: object, name: str) -> str:
    if not isinstance(value, str):
        raise WireError(f"{name} must be a string")
    return value


def _status(value: object, name: str) -> JobStatus:
    try:
        return JobStatus(_text(value, name))
    except ValueError:
        raise WireError(f"{name} is not a known status") from None


def _timestamp(value: object, name: str) -> datetime:
    try:
        moment = datetime.fromisoformat(_text(value, name))
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        raise WireError(f"{name} must be a time (RFC 3339)") from None


def _settings(value: object, _name: str) -> ProcessingSettings:
    """Read settings leniently: a newer server may know more of them than this client."""
    if not isinstance(value, Mapping):
        return ProcessingSettings()
    known = {f.name for f in fields(ProcessingSettings)}
    return ProcessingSettings.from_wire({k: v for k, v in value.items() if k in known})


def _optional(read: Any) -> Any:
    return lambda value, name: None if value is None else read(value, name)


_READERS: dict[str, Any] = {
    "id": _count,
    "version": _count,
    "status": _status,
    "original_filename": _text,
    "file_size": _optional(_count),
    "sha256": _optional(_text),
    "page_count": _optional(_count),
    "progress_percent": _percent,
    "current_step": _optional(_text),
    "total_chunks": _optional(_count),
    "processed_chunks": _count,
    "failed_chunks": _count,
    "sentence_count": _optional(_count),
    "processing_settings": _settings,
    "error_message": _optional(_text),
    "error_code": _optional(_text),
    "attempts": _count,
    "retry_of": _optional(_count),
    "created_at": _timestamp,
    "uploaded_at": _optional(_timestamp),
    "started_at": _optional(_timestamp),
    "completed_at": _optional(_timestamp),
    "updated_at": _timestamp,
}


def parse_job_id(value: object) -> int:
    """Read a job id as sent in a payload: an integer from 1 to 2**63 - 1, else WireError."""
    if isinstance(value, bool) or not isinstance(value, int) or not 0 < value < 2**63:
        raise WireError("job_id must be a positive integer")
    return value
