"""When a child that died or stopped responding is restarted."""

from __future__ import annotations

STABLE_AFTER_S = 10.0
"""A child that ran this long is restarted at once, others with backoff."""
MAX_BACKOFF_S = 5.0
WORKER_SILENT_S = 60.0
"""A worker without a heartbeat for this long is restarted, if the broker answers."""


def count_failures(failures: int, *, lived_s: float) -> int:
    """Return the number of early deaths in a row, after a child that lived this long."""
    return 0 if lived_s > STABLE_AFTER_S else failures + 1


def backoff_s(failures: int) -> float:
    """Return the delay in seconds before a child is restarted; none after the first death."""
    return min(MAX_BACKOFF_S, 0.2 * 2**failures) if failures > 1 else 0.0
