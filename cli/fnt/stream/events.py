"""Events a socket puts into the inbox."""

from __future__ import annotations

from dataclasses import dataclass

from fnt.stream.protocol import EventSource
from fnt.wire import socket_payloads
from fnt.wire.structs import WireError

LONGEST_S = 1e9


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


def retry_in_s(payload: object) -> float | None:
    """Return the wait a server requests, in seconds; None if missing or not a number."""
    try:
        seconds = socket_payloads.Draining.from_wire(payload).retry_in
    except WireError:
        return None
    return seconds if abs(seconds) < LONGEST_S else None
