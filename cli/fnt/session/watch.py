"""Watching of jobs: periodic work and message handling. Owns the socket."""

from __future__ import annotations

import logging
import math
from collections.abc import Iterator, Mapping

from fnt.errors import AuthError, NotFoundError, ProtocolError, TemporaryError
from fnt.progress import RESTARTING, Accepted, Refused, Update
from fnt.session.background import (
    BackgroundCalls,
    CancelDone,
    NotOpened,
    Opened,
    Polled,
    PollFailed,
    Renewed,
)
from fnt.session.cancellation import Cancellations, CancelRequest
from fnt.session.connection_policy import ConnectionPolicy
from fnt.session.reconnect_timing import ReconnectTiming
from fnt.session.tracker import JobTracker, Watched
from fnt.stream import (
    REFUSED_TOKEN,
    Ack,
    Disconnected,
    Draining,
    JobProgressEvent,
    JobStream,
    StreamEvent,
    retry_in_s,
)
from fnt.wire import events
from fnt.wire.error_codes import ErrorCode
from fnt.wire.jobs import JobSnapshot
from fnt.wire.socket_payloads import ErrorAck, JobAck
from fnt.wire.structs import WireError

log = logging.getLogger(__name__)


class Watch:
    """Watches the jobs of a run over at most one socket."""

    def __init__(
        self,
        *,
        link: ConnectionPolicy,
        tracker: JobTracker,
        background: BackgroundCalls,
        timing: ReconnectTiming,
    ) -> None:
        self.link = link
        self.tracker = tracker
        self._background = background
        self._timing = timing
        self._cancellations = Cancellations(answer_s=timing.answer_s)
        self._stream: JobStream | None = None
        self._sign_of_life_at = 0.0
        self._renew_at = 0.0

    def tick(self, now: float) -> None:
        """Do all work that is due."""
        if self.tracker.is_idle:
            self.link.idle(now)
        elif self.link.gives_up(now):
            raise self._out_of_contact()
        if self._stream is not None:
            self._tick_socket(self._stream, now)
        if self.link.wants_socket(now):
            self.link.attempt_started(now)
            self._background.connect()
        if self.link.wants_poll(now) and not self.tracker.is_idle:
            self.link.poll_started()
            self._background.poll(
                {w.job_id: w.job.version if w.job else None for w in self.tracker.running}
            )
        self._cancellations.send(
            now,
            over_socket=self._stream.cancel if self._stream else None,
            over_http=self._background.cancel,
        )

    def handle(self, message: object, now: float) -> Iterator[Update]:
        """Process a message; yield the resulting updates."""
        match message:
            case JobProgressEvent() | Ack() | Draining() | Disconnected():
                yield from self._handle_event(message, now)
            case Polled():
                yield from self._handle_polled(message, now)
            case CancelDone():
                yield from self._handle_cancel(message, now)
            case CancelRequest(job_id=job_id):
                if self.tracker.get(job_id) is not None:
                    self._cancellations.add(job_id)
            case Renewed(stream=stream, token=token) if stream is self._stream:
                self._extend(stream, token, now)
            case Opened(stream=stream):
                self._opened(stream, now)
            case NotOpened(error=error) | PollFailed(error=error):
                if not isinstance(error, TemporaryError):
                    raise error
                fail = self.link.failed if isinstance(message, NotOpened) else self.link.poll_failed
                fail(now, error)

    def follow(self, accepted: Accepted) -> Iterator[Update]:
        """Watch the job of an uploaded file, unless a newer state is already known."""
        known = self.tracker.get(accepted.job.id)
        self.tracker.add(accepted.job.id, key=accepted.key, job=accepted.job)
        if known is not None and known.job is not None:
            yield known.job

    def close(self) -> None:
        """Close the socket."""
        if self._stream is not None:
            self._stream.close()
            self._stream = None

    def _tick_socket(self, stream: JobStream, now: float) -> None:
        quiet_since = max(self.tracker.unanswered_since(), self._sign_of_life_at)
        if now - quiet_since >= self._timing.answer_s:
            self._drop(now, "the server stopped responding")
        elif self.link.wants_to_leave(now):
            self._drop(now, RESTARTING)
        else:
            for watched in list(self.tracker.due(now)):
                watched.asked_at = now
                stream.join(watched.job_id)
            if now >= self._renew_at and not self.tracker.is_idle:
                self._renew_at = math.inf
                self._background.renew(stream)

    def _opened(self, stream: JobStream, now: float) -> None:
        if self._stream is not None:  # a slower attempt; the first one is in use
            self._background.close(stream)
            return
        self._stream = stream
        self._sign_of_life_at = now
        self._renew_at = now + self._timing.renew_s
        self.tracker.forget_socket()
        self.link.opened(now)

    def _extend(self, stream: JobStream, token: str | None, now: float) -> None:
        """Send a renewed token with a join, so that the server keeps the socket open."""
        self._renew_at = now + self._timing.renew_s
        if token is not None and not self.tracker.is_idle:
            stream.join(self.tracker.running[0].job_id, token=token)

    def _drop(self, now: float, reason: str) -> None:
        if self._stream is not None:
            self._background.close(self._stream)
            self._stream = None
        self.link.lost(now, reason)

    def _handle_event(self, event: StreamEvent, now: float) -> Iterator[Update]:
        if event.stream is not self._stream:
            return
        self._sign_of_life_at = now
        match event:
            case JobProgressEvent(payload=payload):
                yield from self._handle_progress(payload, now)
            case Ack():
                yield from self._handle_ack(event, now)
            case Draining(payload=payload):
                self.link.draining(now, retry_in_s(payload))
            case Disconnected(reason=reason):
                self._drop(now, reason)

    def _handle_progress(self, payload: object, now: float) -> Iterator[Update]:
        try:
            job = JobSnapshot.from_wire(payload)
        except WireError as error:
            log.debug("ignored an invalid job event: %s", error)
            return
        yield from self._accepted(job, now)

    def _handle_ack(self, answer: Ack, now: float) -> Iterator[Update]:
        watched = self.tracker.get(answer.job_id)
        if watched is None or answer.verb == events.LEAVE_JOB:
            return
        if answer.verb == events.JOIN_JOB:
            watched.asked_at, watched.heard_at = None, now
        ack = _read_ack(answer.payload)
        if isinstance(ack, ErrorAck):
            yield from self._handle_refusal(watched, answer.verb, ack.error_code, now)
        elif ack.job:
            if answer.verb == events.CANCEL_JOB:
                self._cancellations.done(answer.job_id)
            yield from self._accepted(ack.job, now)

    def _handle_refusal(
        self, watched: Watched, verb: str, code: str, now: float
    ) -> Iterator[Update]:
        if code == ErrorCode.JOB_NOT_FOUND:
            yield from self._vanished(watched)
        elif code in REFUSED_TOKEN:
            self._drop(now, "the login is being renewed")
        elif verb == events.CANCEL_JOB:
            self._cancellations.over_http(watched.job_id)
        else:
            log.debug("joining job %d was refused: %s", watched.job_id, code[:40])

    def _handle_polled(self, polled: Polled, now: float) -> Iterator[Update]:
        has_news = False
        for job in polled.jobs:
            for update in self._accepted(job, now):
                has_news = True
                yield update
        for job_id in polled.missing:
            watched = self.tracker.get(job_id)
            if watched is not None and watched.is_running:
                yield from self._vanished(watched)
        self.link.polled(now, has_news=has_news)

    def _handle_cancel(self, done: CancelDone, now: float) -> Iterator[Update]:
        if isinstance(done.error, AuthError):
            raise done.error
        if isinstance(done.error, TemporaryError):
            self._cancellations.again(done.job_id, now)
            return
        self._cancellations.done(done.job_id)
        if done.job is not None:
            yield from self._accepted(done.job, now)
        else:
            log.warning("job %d could not be cancelled: %s", done.job_id, done.error)

    def _accepted(self, job: JobSnapshot, now: float) -> Iterator[Update]:
        watched = self.tracker.get(job.id)
        if watched is None:
            return
        watched.heard_at = now
        if not self.tracker.accept(job):
            return
        yield job
        if job.status.is_terminal:
            self._cancellations.done(job.id)
            if self._stream is not None:
                self._stream.leave(job.id)

    def _vanished(self, watched: Watched) -> Iterator[Update]:
        self.tracker.remove(watched.job_id)
        self._cancellations.done(watched.job_id)
        for key in watched.keys:
            yield Refused(
                key=key,
                title=watched.job.original_filename if watched.job else f"job {watched.job_id}",
                message=f"job {watched.job_id} not found",
                code=ErrorCode.JOB_NOT_FOUND,
                hint="run: fnt jobs list",
                exit_code=NotFoundError.exit_code,
            )

    def _out_of_contact(self) -> TemporaryError:
        ids = " ".join(str(watched.job_id) for watched in self.tracker.running)
        return TemporaryError(
            "lost contact with the server",
            code="OUT_OF_CONTACT",
            hint=f"run: fnt watch {ids}",
        )


def _read_ack(payload: object) -> JobAck | ErrorAck:
    """Read an acknowledgment; an empty one says that it worked."""
    if not isinstance(payload, Mapping):
        return JobAck()
    try:
        return JobAck.from_wire(payload) if payload.get("ok") else ErrorAck.from_wire(payload)
    except WireError as error:
        raise ProtocolError(f"invalid job in the server's response: {error}") from error
