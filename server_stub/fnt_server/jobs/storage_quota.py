"""How many bytes each user may store: files and results of all their jobs."""

from __future__ import annotations

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from fnt.wire.error_codes import ErrorCode
from fnt_server.db.connection import Database
from fnt_server.db.models import Job
from fnt_server.jobs.state import JobRefused

_MB = 1024 * 1024


def used_bytes(database: Database, user_id: int) -> int:
    """Return the bytes that a user's jobs store."""
    with database.read() as session:
        return _used(session, user_id)


def check_quota(session: Session, user_id: int, *, quota_bytes: int, more_bytes: int) -> None:
    """Raise JobRefused if so many bytes more would exceed the quota; a quota of 0 is none.

    The user must be locked.
    """
    if not quota_bytes:
        return
    used = _used(session, user_id)
    if used + more_bytes > quota_bytes:
        message = (
            f"your files and results take {used / _MB:.1f} of {quota_bytes / _MB:.0f} MB: "
            "delete jobs you no longer need"
        )
        raise JobRefused(ErrorCode.QUOTA_EXCEEDED, message)


def _used(session: Session, user_id: int) -> int:
    sizes = func.coalesce(Job.file_size, 0) + func.coalesce(Job.result_size, 0)
    return int(session.scalar(select(func.sum(sizes)).where(Job.user_id == user_id)) or 0)
