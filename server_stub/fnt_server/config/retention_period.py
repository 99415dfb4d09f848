"""How long finished jobs are kept."""

from __future__ import annotations

from dataclasses import dataclass

from fnt_server.config.environment import number


@dataclass(frozen=True, slots=True, kw_only=True)
class RetentionPeriod:
    """The retention of finished jobs."""

    keep_days: int = number("FNT_KEEP_DAYS", 0, 0, 36_500)
    """Days a finished job is kept with its file and result; 0: until somebody removes it."""
