"""Builders of the things that tests are about."""

from __future__ import annotations

from datetime import UTC
from typing import Any

from fnt.wire.job_status import JobStatus
from fnt.wire.jobs import JobSnapshot
from fnt.wire.times import Time

MOMENT = Time(2026, 3, 1, 12, 0, tzinfo=UTC)


def make_snapshot(**changes: Any) -> JobSnapshot:
    """A job half way through."""
    values: dict[str, Any] = {
        "id": 12,
        "version": 1,
        "status": JobStatus.PROCESSING,
        "original_filename": "novel.pdf",
        "progress_percent": 0,
        "processed_chunks": 0,
        "failed_chunks": 0,
        "attempts": 0,
        "created_at": MOMENT,
        "updated_at": MOMENT,
    }
    return JobSnapshot(**{**values, **changes})
