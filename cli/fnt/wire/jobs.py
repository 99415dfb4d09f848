"""The Job as it travels: one small object in REST answers, join answers and every event."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, ClassVar, Self

from fnt.wire.job_status import JobStatus
from fnt.wire.ranges import MAX_CHARS, Ranges
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

    pages: Annotated[str, Meta(min_length=1, max_length=MAX_CHARS)] | UnsetType = UNSET
    """Only sentences that begin on these pages, as `Ranges`; not written where all are wanted."""
    chapters: Annotated[str, Meta(min_length=1, max_length=MAX_CHARS)] | UnsetType = UNSET
    """Only these chapters, by number, as `Ranges`; 0 is what stands before the first heading."""

    keep_front_matter: bool | UnsetType = UNSET
    """Keep title pages, licenses, catalogs and tables of contents, marked by their kind; not
    written where they are left out."""

    def __post_init__(self) -> None:
        if self.stretch_words == 0:
            force_setattr(self, "stretch_words", UNSET)
        if self.keep_front_matter is False:
            force_setattr(self, "keep_front_matter", UNSET)

    @property
    def keeps_front_matter(self) -> bool:
        """Whether front and back matter is wanted."""
        return self.keep_front_matter is True

    @property
    def page_ranges(self) -> Ranges | None:
        """The pages wanted; None: all."""
        return None if self.pages is UNSET else Ranges.parse(self.pages)

    @property
    def chapter_ranges(self) -> Ranges | None:
        """The chapters wanted; None: all."""
        return None if self.chapters is UNSET else Ranges.parse(self.chapters, least=0)

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
        settings = super().from_wire(payload)
        for name in ("page_ranges", "chapter_ranges"):
            try:
                getattr(settings, name)
            except ValueError as error:
                raise WireError(f"processing_settings.{name.split('_')[0]}s: {error}") from None
        return settings


class JobWarning(WireStruct, frozen=True, kw_only=True):
    """Something of the book that could not be read, or not for sure."""

    described: ClassVar[str] = "a warning"

    code: Annotated[str, Meta(min_length=1, max_length=40)]
    """One of `WarningCode`, to which later versions may add."""
    pages: Annotated[str, Meta(max_length=MAX_CHARS)]
    """As `Ranges`; the first of them if they are very many."""
    message: Annotated[str, Meta(max_length=MAX_ERROR_CHARS)]


class PieceQuality(WireStruct, frozen=True, kw_only=True):
    """How the pieces of a result were cut."""

    described: ClassVar[str] = "a count of pieces"

    pieces: Count
    end_with_clause: Count
    """Pieces that end where a clause or a sentence does."""
    cut_in_clause: Count
    """All others."""
    with_finite_verb: Count


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
    expires_at: Time | UnsetType = UNSET
    """When the job is deleted with its file and result; only where finished jobs are not kept."""
    warnings: tuple[JobWarning, ...] | UnsetType = UNSET
    """What could not be read, if there is anything; known once the book is analyzed."""
    quality: PieceQuality | UnsetType = UNSET
    """How the pieces were cut, once the job is completed."""

    @classmethod
    def from_wire(cls, payload: object) -> Self:
        """Read a Job, passing over unknown fields; raises WireError for a missing or wrong one."""
        if isinstance(payload, Mapping) and not isinstance(
            payload.get("processing_settings"), Mapping
        ):
            payload = {k: v for k, v in payload.items() if k != "processing_settings"}
        return super().from_wire(payload)
