"""The document that `--json` writes at the end of a run."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Any, Literal

from msgspec import UnsetType, field

from fnt.wire.jobs import Count, JobSnapshot
from fnt.wire.problems import Problem
from fnt.wire.responses import NewPersonalToken, PersonalToken
from fnt.wire.structs import UNSET, Meta, WireStruct

Positive = Annotated[int, Meta(ge=1)]
Verdict = Literal["ok", "warning", "refused", "not checked"]
Values = dict[str, Any] | UnsetType


class CheckStatus(StrEnum):
    """The outcome of a check of `doctor`."""

    OK = "ok"
    WARN = "warn"  # works with limitations
    FAIL = "fail"
    SKIP = "skip"  # not applicable, or not possible


class BookStatus(StrEnum):
    """The status of a book in a ledger."""

    WAITING = "waiting"  # nothing has been sent
    SENDING = "sending"  # the key is recorded; the server may have received the request
    RUNNING = "running"  # the server has the file; the job's number is known
    UNSAVED = "unsaved"  # the job completed, but the result is not saved
    DONE = "done"
    FAILED = "failed"  # the job failed or was deleted
    CANCELLED = "cancelled"
    REFUSED = "refused"  # by the client or server, before a job was running
    CHANGED = "changed"  # the file differs from the one that was sent


class JobReport(WireStruct, frozen=True, kw_only=True):
    """The outcome of one input or job."""

    file: str | None
    job: JobSnapshot | None
    outputs: list[str]
    error: Problem | None
    skipped: Literal[True] | UnsetType = UNSET
    """The file was not sent because the server already had this job (`--skip-existing`)."""


class RunCounts(WireStruct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Number of inputs by outcome; zeros are omitted."""

    completed: Positive | UnsetType = UNSET
    failed: Positive | UnsetType = UNSET
    cancelled: Positive | UnsetType = UNSET
    refused: Positive | UnsetType = UNSET
    unsaved: Positive | UnsetType = UNSET
    """Completed, but the result is not saved."""
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
    """The existing job, if the file would be skipped."""
    outputs: list[str]
    """Paths where the results would be saved."""
    problem: FileProblem | None


class CheckedFile(WireStruct, frozen=True, kw_only=True):
    """What `check` found in a file. With `--text`, only `file` and `text`."""

    file: str
    verdict: Verdict | UnsetType = UNSET
    size_bytes: int | UnsetType | None = UNSET
    page_count: int | UnsetType | None = UNSET
    sha256: str | UnsetType | None = UNSET
    duplicate_of: str | UnsetType | None = UNSET
    problem: FileProblem | UnsetType | None = UNSET
    error: Problem | UnsetType | None = UNSET
    text: str | UnsetType = UNSET


class ChapterEntry(WireStruct, frozen=True, kw_only=True):
    """A chapter of a result: the number is what `download --chapter` takes."""

    number: Count
    heading: str | None
    first_page: Positive
    last_page: Positive
    sentences: Positive


class JobChapters(WireStruct, frozen=True, kw_only=True):
    """The chapters of a job's result (`jobs show --chapters`)."""

    job: Positive
    chapters: list[ChapterEntry]


class DoctorCheck(WireStruct, frozen=True, kw_only=True):
    """The result of one `doctor` check."""

    check: str
    status: CheckStatus
    message: str
    hint: str | None
    ms: Count


class BookRecord(WireStruct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A book in a ledger. The fields are also the columns of `batch export`."""

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
    """The state of a ledger."""

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
    """The result of a run. Data other than jobs is under the name of the command."""

    v: Literal[1] = 1
    ok: bool
    command: str
    exit_code: int
    jobs: list[JobReport]
    counts: RunCounts | UnsetType = UNSET
    error: Problem | None

    upload: list[PlannedUpload] | UnsetType = UNSET
    """What `--dry-run` would do with each file; `jobs` is then empty."""
    check: list[CheckedFile] | UnsetType = UNSET
    doctor: list[DoctorCheck] | UnsetType = UNSET
    jobs_show: list[JobChapters] | UnsetType = field(default=UNSET, name="jobs show")
    batch: BatchReport | UnsetType = UNSET
    login: Values = UNSET
    logout: Values = UNSET
    passwd: Values = UNSET
    tokens_list: list[PersonalToken] | UnsetType = field(default=UNSET, name="tokens list")
    tokens_create: NewPersonalToken | UnsetType = field(default=UNSET, name="tokens create")
    tokens_revoke: Values = field(default=UNSET, name="tokens revoke")
    whoami: Values = UNSET
    local_status: Values = field(default=UNSET, name="local status")
    local_stop: Values = field(default=UNSET, name="local stop")
    local_logs: Values = field(default=UNSET, name="local logs")
    config_get: Values = field(default=UNSET, name="config get")
    config_set: Values = field(default=UNSET, name="config set")
    config_unset: Values = field(default=UNSET, name="config unset")
    config_list: Values = field(default=UNSET, name="config list")
    config_path: str | UnsetType = field(default=UNSET, name="config path")
    config_trust: Values = field(default=UNSET, name="config trust")
    help: Values = UNSET
    version: Values = UNSET
    completion: Values = UNSET
