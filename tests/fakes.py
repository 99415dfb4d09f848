"""Stand-ins for what the client talks to: a server in memory, and a socket played by the test."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from queue import SimpleQueue
from typing import Any

import httpx

from builders import make_snapshot
from fnt.errors import FntError
from fnt.stream import Ack, Disconnected, Draining, JobProgressEvent
from fnt.wire import events, paths
from fnt.wire.error_codes import ErrorCode
from fnt.wire.job_status import JobStatus
from fnt.wire.jobs import JobSnapshot
from fnt.wire.responses import error_body

SERVER = "http://127.0.0.1:5000"


def json_response(status: int, body: object, **headers: str) -> httpx.Response:
    """An answer in JSON."""
    return httpx.Response(status, json=body, headers=headers)


def refusal(status: int, code: str, message: str = "no", **headers: str) -> httpx.Response:
    """An answer in the one shape of errors."""
    body = error_body(ErrorCode(code), message, request_id="r-1")
    return json_response(status, body, **headers)


Handler = Callable[[httpx.Request], httpx.Response]


class Script:
    """A transport that plays prepared answers, one a request, and keeps the requests."""

    def __init__(self, *answers: httpx.Response | Handler | Exception) -> None:
        self._answers = list(answers)
        self.requests: list[httpx.Request] = []
        self.bodies: list[bytes] = []
        self.tokens: list[str | None] = []
        """The Authorization of each: a repeated request is the same object, changed."""
        self.transport = httpx.MockTransport(self._answer)

    def _answer(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        self.bodies.append(request.read())
        self.tokens.append(request.headers.get("Authorization"))
        answer = self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]
        if isinstance(answer, Exception):
            raise answer
        return answer(request) if callable(answer) else answer


class FakeServer:
    """The record in memory, over HTTP. `down` plays a server that cannot be reached."""

    def __init__(self, *jobs: JobSnapshot) -> None:
        self.lock = threading.Lock()
        self.jobs = {job.id: job for job in jobs}
        self.requests: list[str] = []
        self.keys: dict[str, int] = {}
        self.down = threading.Event()
        self.on_upload: Callable[[JobSnapshot], None] = lambda job: None
        self.transport = httpx.MockTransport(self._answer)

    def set(self, job: JobSnapshot) -> None:
        """Write a job to the record."""
        with self.lock:
            self.jobs[job.id] = job

    def _answer(self, request: httpx.Request) -> httpx.Response:
        with self.lock:
            body = request.read()
            self.requests.append(f"{request.method} {request.url.path}")
            if self.down.is_set():
                raise httpx.ConnectError("refused")
            match request.method, request.url.path:
                case "POST", paths.CONFIRM:
                    return self._confirm(request, json.loads(body))
                case "POST", paths.UPLOAD:
                    return self._upload(body)
                case "GET", paths.JOBS:
                    return self._list(request)
            return self._job(request)

    def _confirm(self, request: httpx.Request, body: dict[str, Any]) -> httpx.Response:
        key = request.headers[paths.IDEMPOTENCY_KEY]
        job_id = self.keys.setdefault(key, len(self.keys) + 1)
        if job_id not in self.jobs:
            self.jobs[job_id] = make_snapshot(
                id=job_id,
                status=JobStatus.PENDING,
                original_filename=body["original_filename"],
                sha256=body["sha256"],
            )
        return self._told(201, job_id)

    def _upload(self, body: bytes) -> httpx.Response:
        job_id = int(body.split(b"\r\n\r\n")[1].split(b"\r\n")[0])
        job = self.jobs[job_id]
        self.jobs[job_id] = job.replaced(version=job.version + 1, uploaded_at=job.created_at)
        self.on_upload(self.jobs[job_id])
        return self._told(202, job_id)

    def _list(self, request: httpx.Request) -> httpx.Response:
        if (sha256 := request.url.params.get("sha256")) is not None:
            jobs = [job for job in self.jobs.values() if job.sha256 == sha256]
        else:
            ids = {int(part) for part in request.url.params["ids"].split(",")}
            jobs = [job for job in self.jobs.values() if job.id in ids]
        found = [job.to_wire() for job in jobs]
        return json_response(200, {"jobs": found, "next_cursor": None})

    def _job(self, request: httpx.Request) -> httpx.Response:
        parts = request.url.path.removeprefix(paths.JOBS + "/").split("/")
        job = self.jobs.get(int(parts[0]))
        if job is None:
            return refusal(404, "JOB_NOT_FOUND", "no such job")
        if parts[1:] == ["cancel"] and not job.status.is_terminal:
            job = job.replaced(version=job.version + 1, status=JobStatus.CANCELLED)
            self.jobs[job.id] = job
        if request.headers.get("If-None-Match") == f'"{job.version}"':
            return httpx.Response(304)
        return json_response(200, job.to_wire())

    def _told(self, status: int, job_id: int) -> httpx.Response:
        job = self.jobs[job_id].to_wire()
        return json_response(status, {"job_id": job_id, "status": job["status"], "job": job})


class FakeStream:
    """A JobStream whose other end the test holds. Joins are answered from the record by itself."""

    def __init__(self, inbox: SimpleQueue[Any], hub: FakeHub) -> None:
        self.inbox = inbox
        self._hub = hub
        self.joined: list[int] = []
        self.left: list[int] = []
        self.tokens: list[str] = []
        self.is_frozen = False
        self._lost: str | None = None
        self.closed = threading.Event()

    def connect(self, timeout_s: float) -> None:
        """Be let in, or refused as the hub says."""
        self._hub.let_in(self)

    def join(self, job_id: int, *, token: str | None = None) -> None:
        """Answer with the job as the record has it."""
        self.joined.append(job_id)
        self.tokens += [] if token is None else [token]
        self._answer(events.JOIN_JOB, job_id)

    def newer_token(self) -> str | None:
        """Play what the hub has."""
        return self._hub.next_token()

    def leave(self, job_id: int) -> None:
        """Answer, and note it."""
        self.left.append(job_id)

    def cancel(self, job_id: int) -> None:
        """Cancel in the record."""
        job = self._hub.server.jobs.get(job_id)
        if job is not None and not self.is_frozen and not self._hub.ignores_cancel:
            if not job.status.is_terminal:
                job = job.replaced(version=job.version + 1, status=JobStatus.CANCELLED)
                self._hub.server.set(job)
            self._answer(events.CANCEL_JOB, job_id)

    def close(self) -> None:
        """Note it."""
        self.closed.set()

    @property
    def is_closed(self) -> bool:
        """Whether it was closed."""
        return self.closed.is_set()

    def news(self, payload: object) -> None:
        """Send an event."""
        self.inbox.put(JobProgressEvent(stream=self, payload=payload))

    def drain(self, payload: object) -> None:
        """Announce a stop."""
        self.inbox.put(Draining(stream=self, payload=payload))

    def lose(self, reason: str = "transport error") -> None:
        """Break the connection."""
        self._lost = reason
        self.inbox.put(Disconnected(stream=self, reason=reason))

    def _answer(self, verb: str, job_id: int) -> None:
        """Answer; a connection that is lost says so again, as it may be lost before it is used."""
        if self._lost is not None:
            self.inbox.put(Disconnected(stream=self, reason=self._lost))
        elif not self.is_frozen:
            payload = self._hub.answer(job_id)
            self.inbox.put(Ack(stream=self, verb=verb, job_id=job_id, payload=payload))


@dataclass
class FakeHub:
    """Every socket of a test, and who is let in."""

    server: FakeServer
    refusals: list[FntError] = field(default_factory=list)
    """Played to the next attempts, in order."""
    always_refuse: FntError | None = None
    ignores_cancel: bool = False
    answers: dict[int, object] = field(default_factory=dict)
    """Payloads instead of the record's."""
    next_token: Callable[[], str | None] = lambda: None
    streams: list[FakeStream] = field(default_factory=list)
    attempts: int = 0
    opened: SimpleQueue[FakeStream] = field(default_factory=SimpleQueue)

    def open(self, inbox: SimpleQueue[Any]) -> FakeStream:
        """Make a stream; what a Session is given."""
        return FakeStream(inbox, self)

    def let_in(self, stream: FakeStream) -> None:
        """Admit or refuse an attempt."""
        self.attempts += 1
        if self.refusals:
            raise self.refusals.pop(0)
        if self.always_refuse is not None:
            raise self.always_refuse
        self.streams.append(stream)
        self.opened.put(stream)

    def answer(self, job_id: int) -> object:
        """Answer a join."""
        if job_id in self.answers:
            return self.answers[job_id]
        job = self.server.jobs.get(job_id)
        if job is None:
            return {"ok": False, "error_code": "JOB_NOT_FOUND", "error": "no such job"}
        return {"ok": True, "job": job.to_wire()}


class FakeKeyring:
    """A keyring in memory."""

    name = "fake"

    def __init__(self) -> None:
        self.secrets: dict[tuple[str, str], str] = {}

    def get_password(self, service: str, username: str) -> str | None:
        """Return a secret."""
        return self.secrets.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        """Keep a secret."""
        self.secrets[service, username] = password

    def delete_password(self, service: str, username: str) -> None:
        """Forget a secret."""
        del self.secrets[service, username]


class FakeResults:
    """A source of results that breaks as often as it is told."""

    def __init__(self, *pieces: bytes, breaks: int = 0, error: Exception | None = None) -> None:
        self.pieces = pieces
        self.breaks = breaks
        self.error = error
        self.opened = 0

    @contextmanager
    def iter_result(self, job_id: int, format: str) -> Iterator[Iterator[bytes]]:
        """Open a result."""
        self.opened += 1
        yield self._iter()

    def _iter(self) -> Iterator[bytes]:
        yield self.pieces[0]
        if self.opened <= self.breaks and self.error is not None:
            raise self.error
        yield from self.pieces[1:]
