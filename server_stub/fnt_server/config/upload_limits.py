"""How large an upload may be, and how slow."""

from __future__ import annotations

from dataclasses import dataclass

from fnt_server.config.environment import number


@dataclass(frozen=True, slots=True, kw_only=True)
class UploadLimits:
    """Limits on the body of a request."""

    max_upload_bytes: int = number("FNT_MAX_UPLOAD_MB", 50, 1, 4096, unit=1024 * 1024)
    stalled_after_s: float = number("FNT_STALLED_AFTER_S", 20.0, 1, 600)
    """Uploads that make no progress for this long are cut off, as are other requests that have not
    arrived by then."""
