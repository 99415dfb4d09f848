"""What a session is asked to do: items to send, and how jobs are watched."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from fnt.wire.jobs import ProcessingSettings

Transport = Literal["auto", "ws", "poll"]


@dataclass(frozen=True, slots=True, kw_only=True)
class UploadItem:
    """One file to be sent."""

    key: str
    """Unique in a run: the row's identity."""
    path: Path
    filename: str
    """The name the server is told, and people are shown."""
    settings: ProcessingSettings
    idempotency_key: str
    """The same key, sent again, gives the same job."""
    page_count: int | None = None
    skips_existing: bool = False
    """Send nothing where a job with the same bytes and settings runs or has completed."""
    job_id: int | None = None
    """The job it has become already: that is followed, and nothing is sent."""
    sha256: str | None = None
    """What the file holds, where that is known: it is not read again before it is sent, and a
    `job_id` must be of it (another database has other jobs under the same numbers)."""
    size_bytes: int | None = None
    """Known along with `sha256`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WatchOptions:
    """How jobs are watched."""

    transport: Transport = "auto"
    """`ws` never polls, `poll` never opens a socket."""
    give_up_s: float = 600.0
    """How long to go on without any contact; 0 means forever."""
    window: int | None = None
    """Maximum number of unfinished jobs at a time: items are pulled as there is room,
    and where the server has none they wait for it, however long that takes."""
