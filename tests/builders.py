"""Builders of the things that tests are about."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from fnt.wire.jobs import JobSnapshot, JobStatus

MOMENT = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


def make_snapshot(**changes: Any) -> JobSnapshot:
    """A job half way through."""
    values: dict[str, Any] = {
        "id": 12,
        "version": 1,
        "status": JobStatus.PROCESSING,
        "original_filename": "novel.pdf",
        "created_at": MOMENT,
        "updated_at": MOMENT,
    }
    return JobSnapshot(**{**values, **changes})
