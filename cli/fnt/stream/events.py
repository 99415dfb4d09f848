"""What a socket puts into the inbox."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from fnt.stream.job_stream import JobStream


@dataclass(frozen=True, slots=True, kw_only=True)
class JobNews:
    """A `job_progress` event."""

    stream: JobStream
    payload: object


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """The acknowledgement of a join, leave or cancel; the payload is None for an empty one."""

    stream: JobStream
    verb: str
    job_id: int
    payload: object


@dataclass(frozen=True, slots=True, kw_only=True)
class Draining:
    """The server is about to stop."""

    stream: JobStream
    payload: object


@dataclass(frozen=True, slots=True, kw_only=True)
class Lost:
    """The socket is closed, by whichever side."""

    stream: JobStream
    reason: str


StreamEvent = JobNews | Answer | Draining | Lost
