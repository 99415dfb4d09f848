"""The Job as it travels: one small object in REST answers, join answers and every event."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, ClassVar, Self

from fnt.wire.job_status import JobStatus
from fnt.wire.structs import (
    UNSET,
    Meta,
    UnsetType,
    WireError,
    WireStruct,
    force_setattr,
    knows,
)
from fnt.wire.times import Time

MAX_FILENAME_CHARS = 255
MAX_ERROR_CHARS = 500


Count = Annotated[int, Meta(ge=0)]


class ProcessingSettings(WireStruct, frozen=True, kw_only=True):
    """How a book is to be split. Fixed when the job is confirmed."""

    described: ClassVar[str] = "processing_settings"
    root: ClassVar[str] = "processing_settings."

    sentence_length_limit: Annotated[int, Meta(ge=3, le=50)] = 8
    """Maximum words per sentence."""
    min_sentence_length: Annotated[int, Meta(ge=1, le=10)] = 2
    """Minimum words per piece."""
    engine: Annotated[
        str,
        Meta(min_length=1, max_length=40, extra={"bounds": "must be a name of 1 to 40 characters"}),
    ] = "rules"
    ignore_dialogue: bool = False
    preserve_formatting: bool = True
    fix_hyphenation: bool = True
    stretch_words: Annotated[int, Meta(ge=0, le=4)] | UnsetType = UNSET
    """Words a piece may be longer where that saves a bad cut. Added later: 0 is never written, so
    that requests, stored rows and ledgers without it stay as they were."""

    def __post_init__(self) -> None:
        if self.stretch_words == 0:
            force_setattr(self, "stretch_words", UNSET)

    @property
    def stretch(self) -> int:
        """Words a piece may be longer than the limit."""
        return 0 if self.stretch_words is UNSET else self.stretch_words

    @classmethod
    def from_wire(cls, payload: object) -> Self:
        """Read settings, missing ones by default.

        Raises WireError, naming the field, for an unknown name, a wrong type or a value out of
        range: never a silent default.
        """
        unknown = knows(cls, payload) if isinstance(payload, Mapping) else None
        if unknown is not None:
            raise WireError(f"processing_settings.{unknown[:40]} is not a known setting")
        return super().from_wire(payload)


class JobSnapshot(WireStruct, frozen=True, kw_only=True):
    """The whole visible job at one instant. `version` rises by one with every change."""

    described: ClassVar[str] = "a job"

    id: Annotated[int, Meta(ge=0, extra_json_schema={"exclusiveMinimum": 0})]
    version: Count
    status: Annotated[JobStatus, Meta(extra={"says": "is not a known status"})]
    original_filename: str
    file_size: Count | None = None
    """Bytes."""
    sha256: Annotated[str, Meta(extra_json_schema={"pattern": "^[0-9a-f]{64}$"})] | None = None
    page_count: Count | None = None
    progress_percent: Annotated[int, Meta(ge=0, le=100)]
    current_step: str | None = None
    total_chunks: Count | None = None
    processed_chunks: Count
    failed_chunks: Count
    sentence_count: Count | None = None
    processing_settings: ProcessingSettings = ProcessingSettings()
    error_message: str | None = None
    error_code: str | None = None
    attempts: Count
    retry_of: Count | None = None
    created_at: Time
    uploaded_at: Time | None = None
    started_at: Time | None = None
    completed_at: Time | None = None
    updated_at: Time

    @classmethod
    def from_wire(cls, payload: object) -> Self:
        """Read a Job, passing over unknown fields; raises WireError for a missing or wrong one."""
        if isinstance(payload, Mapping) and not isinstance(
            payload.get("processing_settings"), Mapping
        ):
            payload = {k: v for k, v in payload.items() if k != "processing_settings"}
        return super().from_wire(payload)
