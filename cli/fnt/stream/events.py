"""Events a socket puts into the inbox."""

from __future__ import annotations

from dataclasses import dataclass

from fnt.stream.protocol import EventSource


@dataclass(frozen=True, slots=True, kw_only=True)
class JobProgressEvent:
    """A `job_progress` event."""

    stream: EventSource
    payload: object


@dataclass(frozen=True, slots=True, kw_only=True)
class Ack:
    """The acknowledgment of a join, leave, or cancel; the payload is None if it was empty."""

    stream: EventSource
    verb: str
    job_id: int
    payload: object


@dataclass(frozen=True, slots=True, kw_only=True)
class Draining:
    """The server is about to shut down."""

    stream: EventSource
    payload: object


@dataclass(frozen=True, slots=True, kw_only=True)
class Disconnected:
    """The connection was closed, by either side."""

    stream: EventSource
    reason: str


StreamEvent = JobProgressEvent | Ack | Draining | Disconnected
