"""When a step is retried and when its job fails: attempts, lost workers, backoff."""

from __future__ import annotations

MAX_ATTEMPTS = 3
"""Failed attempts of a step after which the job fails; lost workers are counted apart."""
MAX_LOST = 20
"""Lost workers per step after which the job fails."""
MAX_BACKOFF_S = 60.0


def backoff_s(failures: int) -> float:
    """Return the backoff in seconds after this many failures."""
    return float(min(MAX_BACKOFF_S, 2 ** (failures - 1)))


def lost_backoff_s(lost_count: int) -> float:
    """Return the same for lost workers; no delay after the first loss."""
    return 0.0 if lost_count == 1 else backoff_s(lost_count)
