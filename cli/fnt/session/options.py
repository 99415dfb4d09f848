"""What a session is asked to do, and its sense of time."""

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
    """The bytes that job must be of: another database has other jobs under the same numbers."""


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Timing:
    """Times of a session, all in seconds."""

    tick_s: float = 0.5
    """The longest wait for news before the clock is looked at again."""
    attempt_s: float = 10.0
    """How long one attempt at a socket may take."""
    overlap_s: float = 4.0
    """A hanging attempt is joined by another after this long: the first to succeed is used."""
    backoff_s: float = 0.5
    backoff_cap_s: float = 4.0
    busy_cap_s: float = 15.0
    """The longest pause where the server has no socket to spare, or polling serves meanwhile."""
    stable_s: float = 5.0
    """A socket that lived this long counts as a success."""
    silence_s: float = 8.0
    """A job not heard of for this long is asked after, over the same socket."""
    answer_s: float = 4.0
    """A socket on which an answer takes longer, with no other sign of life, is dead."""
    renew_s: float = 1.0
    """How often it is looked whether the token needs to be renewed under a live socket."""
    poll_after_s: float = 10.0
    poll_after_failures: int = 5
    poll_s: float = 2.0
    poll_cap_s: float = 10.0
    upload_retry_s: float = 60.0
    """How long an upload is tried again once the server has been reached."""
    upload_tick_s: float = 0.125
    """The least time between two reports of one upload's progress."""
