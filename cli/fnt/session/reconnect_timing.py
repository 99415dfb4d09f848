"""When to reconnect, poll, and take a socket for dead."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class ReconnectTiming:
    """Timing of the connection, in seconds."""

    tick_s: float = 0.5
    """Maximum wait for a message before the clock is checked."""
    attempt_s: float = 10.0
    """Timeout of a connection attempt."""
    overlap_s: float = 4.0
    """Start a second attempt if the first takes longer than this; the first to succeed is used."""
    backoff_s: float = 0.5
    backoff_cap_s: float = 4.0
    busy_cap_s: float = 15.0
    """Maximum delay when the server has no free sockets, or while polling works."""
    stable_s: float = 5.0
    """A socket that stays open this long resets the backoff."""
    silence_s: float = 8.0
    """Rejoin a job that has sent nothing for this long."""
    answer_s: float = 4.0
    """Treat a socket as dead if an answer takes longer than this and nothing else arrives."""
    renew_s: float = 1.0
    """Interval between checks for a token renewal while a socket is open."""
    poll_after_s: float = 10.0
    poll_after_failures: int = 5
    poll_s: float = 2.0
    poll_cap_s: float = 10.0
