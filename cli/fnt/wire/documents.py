"""What `--json` writes at the end of a run: one document."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Any, Literal

from msgspec import UnsetType, field

from fnt.wire.jobs import Count, JobSnapshot
from fnt.wire.problems import Problem
from fnt.wire.structs import UNSET, Meta, WireStruct

Positive = Annotated[int, Meta(ge=1)]
Verdict = Literal["ok", "warning", "refused", "not checked"]
Answer = dict[str, Any] | UnsetType


class CheckStatus(StrEnum):
    """The outcome of a check of `doctor`."""

    OK = "ok"
    WARN = "warn"  # works with limitations
    FAIL = "fail"
    SKIP = "skip"  # not applicable, or not possible


class BookStatus(StrEnum):
    """Where a book of a ledger stands."""

    WAITING = "waiting"  # nothing has been asked of the server
    SENDING = "sending"  # its key is chosen: the server may have heard of it
    RUNNING = "running"  # the server has the file; its job is known
    UNSAVED = "unsaved"  # the job completed, the result is not on disk
    DONE = "done"
    FAILED = "failed"  # the job failed, or is gone
    CANCELLED = "cancelled"
    REFUSED = "refused"  # here or by the server, before there was a job that runs
    CHANGED = "changed"  # the file is not the one that was sent


class JobReport(WireStruct, frozen=True, kw_only=True):
    """What became of one input or job."""

    file: str | None
    job: JobSnapshot | None
    outputs: list[str]
    error: Problem | None
    skipped: Literal[True] | UnsetType = UNSET
    """The file was not sent: the server had this job of it (`--skip-existing`)."""


class RunCounts(WireStruct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The inputs of a run by how they stand: what there is at least one of."""

    completed: Positive | UnsetType = UNSET
    failed: Positive | UnsetType = UNSET
    cancelled: Positive | UnsetType = UNSET
    refused: Positive | UnsetType = UNSET
    unsaved: Positive | UnsetType = UNSET
    """Completed, and the result is not on disk."""
    left: Positive | UnsetType = UNSET
    """Not sent, or still running."""


class FileProblem(WireStruct, frozen=True, kw_only=True):
    """What is wrong with a file."""

    code: str | None
    message: str


class PlannedUpload(WireStruct, frozen=True, kw_only=True):
    """What `upload --dry-run` would do with a file."""

    file: str
    action: Literal["send", "skip", "refuse"]
    size_bytes: int
    page_count: int | None
    job: int | None
    """The job because of which it is skipped."""
    outputs: list[str]
    """Where its results would be saved."""
    problem: FileProblem | None


class CheckedFile(WireStruct, frozen=True, kw_only=True):
    """What `check` found in a file; with `--text` only its text."""

    file: str
    verdict: Verdict | UnsetType = UNSET
    size_bytes: int | UnsetType | None = UNSET
    page_count: int | UnsetType | None = UNSET
    sha256: str | UnsetType | None = UNSET
    duplicate_of: str | UnsetType | None = UNSET
    problem: FileProblem | UnsetType | None = UNSET
    error: Problem | UnsetType | None = UNSET
    text: str | UnsetType = UNSET


class DoctorCheck(WireStruct, frozen=True, kw_only=True):
    """What one check of `doctor` found."""

    check: str
    status: CheckStatus
    message: str
    hint: str | None
    ms: Count


class BookRecord(WireStruct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A book of a ledger; in this order the columns of `batch export`."""

    path: str
    name: str
    status: BookStatus
    job_id: int | None
    sha256: str | None
    size_bytes: int | None
    error_code: str | None
    error_message: str | None
    outputs: list[str]
    attempts: Positive
    earlier_jobs: list[int]
    updated_at: str


class BatchReport(WireStruct, frozen=True, kw_only=True):
    """A ledger as a whole."""

    ledger: str
    server: str | None
    user: str | None
    counts: Annotated[
        dict[BookStatus, Positive],
        Meta(extra_json_schema={"propertyNames": {"enum": [str(one) for one in BookStatus]}}),
    ]
    books: list[BookRecord] | UnsetType = UNSET
    export: str | UnsetType = UNSET


class Document(WireStruct, frozen=True, kw_only=True):
    """How a run ended. What a command answers beside jobs stands under its own name."""

    v: Literal[1] = 1
    ok: bool
    command: str
    exit_code: int
    jobs: list[JobReport]
    counts: RunCounts | UnsetType = UNSET
    error: Problem | None

    upload: list[PlannedUpload] | UnsetType = UNSET
    """What `--dry-run` would do, file by file; `jobs` is empty then."""
    check: list[CheckedFile] | UnsetType = UNSET
    doctor: list[DoctorCheck] | UnsetType = UNSET
    batch: BatchReport | UnsetType = UNSET
    login: Answer = UNSET
    logout: Answer = UNSET
    whoami: Answer = UNSET
    config_get: Answer = field(default=UNSET, name="config get")
    config_set: Answer = field(default=UNSET, name="config set")
    config_unset: Answer = field(default=UNSET, name="config unset")
    config_list: Answer = field(default=UNSET, name="config list")
    config_path: str | UnsetType = field(default=UNSET, name="config path")
    config_trust: Answer = field(default=UNSET, name="config trust")
    help: Answer = UNSET
    version: Answer = UNSET
    completion: Answer = UNSET
