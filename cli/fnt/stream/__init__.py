"""Live job updates over Socket.IO. Depends on python-socketio, not on the terminal."""

from fnt.stream.events import (
    Ack,
    Disconnected,
    Draining,
    JobProgressEvent,
    StreamEvent,
    retry_in_s,
)
from fnt.stream.job_stream import REFUSED_TOKEN, JobStream

__all__ = [
    "REFUSED_TOKEN",
    "Ack",
    "Disconnected",
    "Draining",
    "JobProgressEvent",
    "JobStream",
    "StreamEvent",
    "retry_in_s",
]
