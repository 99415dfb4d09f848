"""Moments as they travel."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Self


class Time(datetime):
    """A moment in UTC, written as RFC 3339 with `Z` and milliseconds."""

    @classmethod
    def of(cls, moment: datetime) -> Self:
        """Return an aware datetime as one that can be written."""
        return cls.combine(moment.date(), moment.timetz())


def format_time(moment: datetime) -> str:
    """Write a time as UTC RFC 3339 with `Z`, milliseconds."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
