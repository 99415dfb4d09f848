"""How many unfinished jobs there may be, and how much one user may store."""

from __future__ import annotations

from dataclasses import dataclass

from fnt_server.config.environment import number


@dataclass(frozen=True, slots=True, kw_only=True)
class JobQuotas:
    """Quotas on jobs."""

    max_queued_jobs: int = number("FNT_MAX_QUEUED_JOBS", 10_000, 1, 10_000_000)
    """Limit on unfinished jobs of all users."""
    max_user_jobs: int = number("FNT_MAX_USER_JOBS", 2_000, 1, 10_000_000)
    """Limit on unfinished jobs per user."""
    user_quota_bytes: int = number("FNT_USER_QUOTA_MB", 10_000, 0, 100_000_000, unit=1024 * 1024)
    """Bytes of files and results that one user may store; 0: any number."""
