"""The times of a session: attempts, backoff, polling, silence, upload retries."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Timing:
    """Times of a session, all in seconds."""

    tick_s: float = 0.5
    """The longest wait for news before the clock is looked at again."""
    attempt_s: float = 10.0
    """How long one attempt at a socket may take."""
    overlap_s: float = 4.0
    """A hanging attempt is joined by another after this long: the first to succeed is used."""
    backoff_s: float = 0.5
    backoff_cap_s: float = 4.0
    busy_cap_s: float = 15.0
    """The longest pause where the server has no socket to spare, or polling serves meanwhile."""
    stable_s: float = 5.0
    """A socket that lived this long counts as a success."""
    silence_s: float = 8.0
    """A job not heard of for this long is asked after, over the same socket."""
    answer_s: float = 4.0
    """A socket on which an answer takes longer, with no other sign of life, is dead."""
    renew_s: float = 1.0
    """How often it is looked whether the token needs to be renewed under a live socket."""
    poll_after_s: float = 10.0
    poll_after_failures: int = 5
    poll_s: float = 2.0
    poll_cap_s: float = 10.0
    upload_retry_s: float = 60.0
    """How long an upload is tried again once the server has been reached."""
    upload_tick_s: float = 0.125
    """The least time between two reports of one upload's progress."""
