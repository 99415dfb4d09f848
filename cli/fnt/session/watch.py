"""Watching jobs: what to do as time passes, and what each message means. Owns the socket."""

from __future__ import annotations

import logging
import math
from collections.abc import Iterator, Mapping
from typing import Any

from fnt.errors import AuthError, NotFoundError, ProtocolError, TemporaryError
from fnt.progress import Accepted, Refused, Update
from fnt.session.background import (
    CancelDone,
    Errands,
    NotOpened,
    Opened,
    Polled,
    PollFailed,
    Renewed,
)
from fnt.session.cancellation import CancelRequest, Cancels
from fnt.session.connection import Link
from fnt.session.options import Pace
from fnt.session.tracker import Board, Watched
from fnt.stream import REFUSED_TOKEN, Answer, Draining, JobNews, JobStream, Lost, StreamEvent
from fnt.wire import events
from fnt.wire.errors import ErrorCode
from fnt.wire.jobs import JobSnapshot, WireError

log = logging.getLogger(__name__)


class Watch:
    """One link, one board, at most one socket in use."""

    def __init__(self, *, link: Link, board: Board, errands: Errands, pace: Pace) -> None:
        self.link = link
        self.board = board
        self._errands = errands
        self._pace = pace
        self._cancels = Cancels(answer_s=pace.answer_s)
        self._stream: JobStream | None = None
        self._sign_of_life_at = 0.0
        self._renew_at = 0.0

    def tend(self, now: float) -> None:
        """Do what is due."""
        if self.board.is_idle:
            self.link.rested(now)
        elif self.link.gives_up(now):
            raise self._out_of_contact()
        if self._stream is not None:
            self._tend_socket(self._stream, now)
        if self.link.wants_socket(now):
            self.link.trying(now)
            self._errands.connect()
        if self.link.wants_poll(now) and not self.board.is_idle:
            self.link.asking()
            self._errands.poll(
                {w.job_id: w.job.version if w.job else None for w in self.board.running}
            )
        self._cancels.send(
            now,
            over_socket=self._stream.cancel if self._stream else None,
            over_http=self._errands.cancel,
        )

    def take(self, message: object, now: float) -> Iterator[Update]:
        """Fold a message in; yield what is news."""
        match message:
            case JobNews() | Answer() | Draining() | Lost():
                yield from self._take_event(message, now)
            case Polled():
                yield from self._take_polled(message, now)
            case CancelDone():
                yield from self._take_cancel(message, now)
            case CancelRequest(job_id=job_id):
                if self.board.get(job_id) is not None:
                    self._cancels.add(job_id)
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
        """Watch the job of a file; what is known of it from elsewhere may be newer."""
        known = self.board.get(accepted.job.id)
        self.board.add(accepted.job.id, key=accepted.key, job=accepted.job)
        if known is not None and known.job is not None:
            yield known.job

    def close(self) -> None:
        """Say goodbye."""
        if self._stream is not None:
            self._stream.close()
            self._stream = None

    def _tend_socket(self, stream: JobStream, now: float) -> None:
        quiet_since = max(self.board.unanswered_since(), self._sign_of_life_at)
        if now - quiet_since >= self._pace.answer_s:
            self._drop(now, "the server stopped answering")
        elif self.link.wants_to_leave(now):
            self._drop(now, "the server is restarting")
        else:
            for watched in list(self.board.due(now)):
                watched.asked_at = now
                stream.join(watched.job_id)
            if now >= self._renew_at and not self.board.is_idle:
                self._renew_at = math.inf
                self._errands.renew(stream)

    def _opened(self, stream: JobStream, now: float) -> None:
        if self._stream is not None:  # a slower attempt: the first one is in use
            self._errands.close(stream)
            return
        self._stream = stream
        self._sign_of_life_at = now
        self._renew_at = now + self._pace.renew_s
        self.board.forget_socket()
        self.link.opened(now)

    def _extend(self, stream: JobStream, token: str | None, now: float) -> None:
        """Send a renewed token along with a join, so that the server does not close the socket."""
        self._renew_at = now + self._pace.renew_s
        if token is not None and not self.board.is_idle:
            stream.join(self.board.running[0].job_id, token=token)

    def _drop(self, now: float, reason: str) -> None:
        if self._stream is not None:
            self._errands.close(self._stream)
            self._stream = None
        self.link.lost(now, reason)

    def _take_event(self, event: StreamEvent, now: float) -> Iterator[Update]:
        if event.stream is not self._stream:
            return
        self._sign_of_life_at = now
        match event:
            case JobNews(payload=payload):
                yield from self._take_news(payload, now)
            case Answer():
                yield from self._take_answer(event, now)
            case Draining(payload=payload):
                self.link.draining(now, _retry_in(payload))
            case Lost(reason=reason):
                self._drop(now, reason)

    def _take_news(self, payload: object, now: float) -> Iterator[Update]:
        try:
            job = JobSnapshot.from_wire(payload)
        except WireError as error:
            log.debug("an event that is no job was passed over: %s", error)
            return
        yield from self._accepted(job, now)

    def _take_answer(self, answer: Answer, now: float) -> Iterator[Update]:
        watched = self.board.get(answer.job_id)
        if watched is None or answer.verb == events.LEAVE_JOB:
            return
        if answer.verb == events.JOIN_JOB:
            watched.asked_at, watched.heard_at = None, now
        values = answer.payload if isinstance(answer.payload, Mapping) else {"ok": True}
        if not values.get("ok"):
            yield from self._take_refusal(watched, answer.verb, values, now)
        elif values.get("job") is not None:
            if answer.verb == events.CANCEL_JOB:
                self._cancels.done(answer.job_id)
            yield from self._accepted(_job(values["job"]), now)

    def _take_refusal(
        self, watched: Watched, verb: str, values: Mapping[Any, Any], now: float
    ) -> Iterator[Update]:
        code = str(values.get("error_code"))
        if code == ErrorCode.JOB_NOT_FOUND:
            yield from self._vanished(watched)
        elif code in REFUSED_TOKEN:
            self._drop(now, "the login is being renewed")
        elif verb == events.CANCEL_JOB:
            self._cancels.over_http(watched.job_id)
        else:
            log.debug("joining job %d was refused: %s", watched.job_id, code[:40])

    def _take_polled(self, polled: Polled, now: float) -> Iterator[Update]:
        has_news = False
        for job in polled.jobs:
            for update in self._accepted(job, now):
                has_news = True
                yield update
        for job_id in polled.missing:
            watched = self.board.get(job_id)
            if watched is not None and watched.is_running:
                yield from self._vanished(watched)
        self.link.polled(now, has_news=has_news)

    def _take_cancel(self, done: CancelDone, now: float) -> Iterator[Update]:
        if isinstance(done.error, AuthError):
            raise done.error
        if isinstance(done.error, TemporaryError):
            self._cancels.again(done.job_id, now)
            return
        self._cancels.done(done.job_id)
        if done.job is not None:
            yield from self._accepted(done.job, now)
        else:
            log.warning("job %d could not be cancelled: %s", done.job_id, done.error)

    def _accepted(self, job: JobSnapshot, now: float) -> Iterator[Update]:
        watched = self.board.get(job.id)
        if watched is None:
            return
        watched.heard_at = now
        if not self.board.accept(job):
            return
        yield job
        if job.status.is_terminal:
            self._cancels.done(job.id)
            if self._stream is not None:
                self._stream.leave(job.id)

    def _vanished(self, watched: Watched) -> Iterator[Update]:
        self.board.remove(watched.job_id)
        self._cancels.done(watched.job_id)
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
        ids = " ".join(str(watched.job_id) for watched in self.board.running)
        return TemporaryError(
            "lost contact with the server",
            code="OUT_OF_CONTACT",
            hint=f"run: fnt watch {ids}",
        )


def _job(payload: object) -> JobSnapshot:
    try:
        return JobSnapshot.from_wire(payload)
    except WireError as error:
        raise ProtocolError(f"the server's answer is not a job: {error}") from error


def _retry_in(payload: object) -> float | None:
    value = payload.get("retry_in") if isinstance(payload, Mapping) else None
    return float(value) if isinstance(value, int | float) else None
