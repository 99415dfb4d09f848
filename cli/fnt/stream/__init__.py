"""One socket to the job rooms. Knows python-socketio and the wire, nothing of terminals."""

from fnt.stream.events import Ack, Disconnected, Draining, JobProgressEvent, StreamEvent
from fnt.stream.job_stream import REFUSED_TOKEN, JobStream

__all__ = [
    "REFUSED_TOKEN",
    "Ack",
    "Disconnected",
    "Draining",
    "JobProgressEvent",
    "JobStream",
    "StreamEvent",
]
