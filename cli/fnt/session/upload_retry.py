"""How long an upload is tried again, and how often."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class UploadRetry:
    """Retries of one upload, in seconds."""

    pause_cap_s: float = 4.0
    """Maximum pause between two attempts, which is random."""
    asked_pause_cap_s: float = 30.0
    """Maximum pause that the server may request in addition."""
