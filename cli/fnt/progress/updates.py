"""What happens in a run: the updates that the reducer applies."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Union

from fnt.errors import ExitCode

if TYPE_CHECKING:
    from fnt.wire.jobs import JobSnapshot  # importing it would slow down help and completion


class LinkStatus(StrEnum):
    """How updates reach this client."""

    IDLE = "idle"  # nothing to watch yet
    CONNECTING = "connecting"  # the first attempt is in progress
    LIVE = "live"  # over the WebSocket
    RECONNECTING = "reconnecting"  # WebSocket lost; the next attempt is at `retry_at`
    POLLING = "polling"  # over REST, while reconnecting the WebSocket
    RETRYING = "retrying"  # sending or saving fails, and is tried again until `give_up_at`


RESTARTING = "the server is restarting"
"""The reason for reconnecting that needs no countdown: it told so and will be back."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkState:
    """The connection as shown to the user. Times use the clock passed to `reduce`."""

    status: LinkStatus = LinkStatus.IDLE
    attempt: int = 0
    retry_at: float | None = None
    """When the next connection attempt is due."""
    poll_every_s: float | None = None
    reason: str | None = None
    is_first: bool = False
    """Whether there was no connection yet that could be lost."""
    give_up_at: float | None = None
    """When the run gives up unless the server can be reached by then; None means never."""


@dataclass(frozen=True, slots=True, kw_only=True)
class UploadProgress:
    """The number of bytes of one input sent so far."""

    key: str
    """Identifies the row, even before it has a job; unique in a run."""
    title: str
    sent_bytes: int
    size_bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Accepted:
    """The server has the file; the row now follows the job."""

    key: str
    job: JobSnapshot
    is_skipped: bool = False
    """Whether the upload was skipped because the server already had the file in this job."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """An input that did not become a running job."""

    key: str
    title: str
    message: str
    code: str | None = None
    hint: str | None = None
    request_id: str | None = None
    exit_code: ExitCode = ExitCode.REFUSED


@dataclass(frozen=True, slots=True, kw_only=True)
class Saved:
    """A result that has been saved to disk."""

    job_id: int
    path: Path
    key: str | None = None
    """The row it was saved for; if None, the first row that follows the job."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SaveFailed:
    """A result that could not be downloaded or written; the job itself is unaffected."""

    job_id: int
    message: str
    key: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RowsRetired:
    """Rows that are no longer shown individually, only counted."""

    keys: tuple[str, ...]


Update = Union[
    UploadProgress, Accepted, Refused, Saved, SaveFailed, RowsRetired, LinkState, "JobSnapshot"
]
