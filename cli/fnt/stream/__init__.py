"""One socket to the job rooms. Knows python-socketio and the wire, nothing of terminals."""

from fnt.stream.events import Answer, Draining, JobNews, Lost, StreamEvent
from fnt.stream.job_stream import REFUSED_TOKEN, JobStream

__all__ = ["REFUSED_TOKEN", "Answer", "Draining", "JobNews", "JobStream", "Lost", "StreamEvent"]
