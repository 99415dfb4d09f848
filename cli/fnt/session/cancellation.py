"""Cancellation requests: over the socket if connected, over HTTP otherwise or on no answer."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

HTTP_AGAIN_S = 5.0
"""Delay before retrying a cancellation that did not reach the server, in seconds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CancelRequest:
    """A request to cancel a job."""

    job_id: int


class Cancellations:
    """Pending cancellations, each kept until the server has answered."""

    def __init__(self, *, answer_s: float) -> None:
        self._answer_s = answer_s
        self._due_at: dict[int, float] = {}
        self._asked: set[int] = set()

    def add(self, job_id: int) -> None:
        """Cancel a job as soon as possible; repeated requests have no effect."""
        self._due_at.setdefault(job_id, -math.inf)

    def done(self, job_id: int) -> None:
        """Record that the server has answered."""
        self._due_at.pop(job_id, None)
        self._asked.discard(job_id)

    def over_http(self, job_id: int) -> None:
        """Record that the answer over the socket was unusable."""
        if job_id in self._due_at:
            self._due_at[job_id] = -math.inf

    def again(self, job_id: int, now: float) -> None:
        """Record that HTTP failed too, and retry later."""
        if job_id in self._due_at:
            self._due_at[job_id] = now + HTTP_AGAIN_S

    def send(
        self,
        now: float,
        *,
        over_socket: Callable[[int], None] | None,
        over_http: Callable[[int], None],
    ) -> None:
        """Send all due requests; each is sent over the socket only once."""
        for job_id in [job_id for job_id, due_at in self._due_at.items() if due_at <= now]:
            if over_socket is not None and job_id not in self._asked:
                self._asked.add(job_id)
                self._due_at[job_id] = now + self._answer_s
                over_socket(job_id)
            else:
                self._due_at[job_id] = math.inf
                over_http(job_id)
