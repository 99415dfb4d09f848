"""Moments as they travel."""

from __future__ import annotations

from datetime import UTC, datetime


class Time(datetime):
    """A moment in UTC, written as RFC 3339 with `Z` and milliseconds."""


def format_time(moment: datetime) -> str:
    """Write a time as UTC RFC 3339 with `Z`, milliseconds."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
