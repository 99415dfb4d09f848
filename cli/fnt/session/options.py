"""Input of a session: items to upload, and how to watch jobs."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from fnt.patience import GIVE_UP_S
from fnt.wire.jobs import ProcessingSettings

Transport = Literal["auto", "ws", "poll"]


@dataclass(frozen=True, slots=True, kw_only=True)
class UploadItem:
    """One file to upload."""

    key: str
    """Identifies its row; unique in a run."""
    path: Path
    filename: str
    """The name sent to the server and shown to the user."""
    settings: ProcessingSettings
    idempotency_key: str
    """Sending the same key again returns the same job."""
    page_count: int | None = None
    skips_existing: bool = False
    """Whether to skip the upload if a job with the same file and settings runs or has completed."""
    job_id: int | None = None
    """The item's existing job, which is watched instead of uploading again."""
    sha256: str | None = None
    """The file's hash, if known. It is then not computed again before the upload, and the existing
    job must have the same hash (another database may use its number for another file).
    """
    size_bytes: int | None = None
    """The file's size, if `sha256` is known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WatchOptions:
    """How to watch jobs."""

    transport: Transport = "auto"
    """`ws` never polls, `poll` never opens a socket."""
    give_up_s: float = GIVE_UP_S
    """Give up after this long without contact; 0 means never."""
    window: int | None = None
    """Maximum number of unfinished jobs. Items are taken when there is room for them; if the
    server has none, they wait as long as necessary.
    """
