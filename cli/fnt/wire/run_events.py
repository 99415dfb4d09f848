"""The events that `--jsonl` writes during a run."""

from __future__ import annotations

from typing import Annotated, Literal

from fnt.wire.jobs import Count, JobSnapshot
from fnt.wire.problems import Problem
from fnt.wire.structs import Meta, WireStruct
from fnt.wire.times import Time


class RunEvent(WireStruct, frozen=True, kw_only=True):
    """Fields of every event."""

    v: Literal[1] = 1
    seq: Annotated[int, Meta(ge=1)]
    """Sequence number, without gaps."""
    ts: Time


class UploadProgress(RunEvent, frozen=True, kw_only=True):
    """Part of a file was sent."""

    type: Literal["upload.progress"] = "upload.progress"
    file: str
    sent_bytes: Count
    size_bytes: Count


class LinkChange(RunEvent, frozen=True, kw_only=True):
    """The state of the connection, sent when it changes and after a long silence."""

    type: Literal["link.state"] = "link.state"
    status: str
    attempt: Count
    retry_in_s: float | None
    poll_every_s: float | None
    reason: str | None
    give_up_in_s: float | None


class JobProgress(RunEvent, frozen=True, kw_only=True):
    """A job changed and is still running."""

    type: Literal["job.progress"] = "job.progress"
    job: JobSnapshot


class JobEnded(RunEvent, frozen=True, kw_only=True):
    """A job reached a final status."""

    type: Literal["job.ended"] = "job.ended"
    job: JobSnapshot


class OutputWritten(RunEvent, frozen=True, kw_only=True):
    """A result file was saved."""

    type: Literal["output.written"] = "output.written"
    job_id: int | None
    path: str


class FileRefused(RunEvent, frozen=True, kw_only=True):
    """A file was refused by the client or server."""

    type: Literal["warning"] = "warning"
    file: str
    code: str | None
    message: str


class RunFinished(RunEvent, frozen=True, kw_only=True):
    """The last event of a run."""

    type: Literal["run.finished"] = "run.finished"
    exit_code: int
    counts: dict[str, Count]
    error: Problem | None


RUN_EVENTS = (
    UploadProgress, LinkChange, JobProgress, JobEnded, OutputWritten, FileRefused, RunFinished,
)  # fmt: skip
