"""People who send books, watch, change their minds and look around while things break."""

from __future__ import annotations

import random
import threading
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from queue import SimpleQueue
from typing import Any

from e2e.harness import PASSWORD, ServerProcess
from faults.books import Book
from faults.history import Entry, History, Op
from faults.recording import RecordingTransport
from fnt.api.auth import StaticAuth
from fnt.api.client import ApiClient
from fnt.errors import ExitCode, NotFoundError, TemporaryError
from fnt.progress import Accepted, Refused
from fnt.session import Session, UploadItem, WatchOptions
from fnt.stream import JobStream
from fnt.wire.job_status import JobStatus
from fnt.wire.jobs import JobSnapshot


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Somebody with an account; what their clients do and see goes into the history."""

    name: str
    url: str
    token: str
    history: History

    @contextmanager
    def client(self, observer: str) -> Iterator[ApiClient]:
        """Open a client of theirs."""
        transport = RecordingTransport(self.history, observer=observer, user=self.name)
        auth = StaticAuth(self.token)
        with ApiClient(self.url, auth=auth, transport=transport) as api:
            yield api

    def session(self, api: ApiClient) -> Session:
        """Return what follows jobs for them."""

        def open_stream(inbox: SimpleQueue[Any]) -> JobStream:
            return JobStream(self.url, tokens=StaticAuth(self.token), inbox=inbox)

        return Session(api, open_stream=open_stream)

    def note(self, op: Op, observer: str, job: JobSnapshot) -> None:
        """Note what a client of theirs has shown, or was asked for."""
        entry = Entry(op=op, observer=observer, user=self.name)
        self.history.add(entry.about(job))


def make_person(server: ServerProcess, name: str, history: History) -> Person:
    """Give somebody an account and log them in."""
    email = f"{name}@example.org"
    server.add_user(email)
    with ApiClient(server.url, auth=None) as api:
        token = api.login(email, PASSWORD).access_token
    return Person(name=name, url=server.url, token=token, history=history)


def read_book(person: Person, book: Book, *, observer: str, rng: random.Random) -> None:
    """Send a book, follow it to its end and fetch the result; sometimes cancel, or send it twice.

    Tries again, as a person would, with the same key, until the server has taken it.
    """
    item = UploadItem(
        key=observer,
        path=book.path,
        filename=book.filename,
        settings=book.settings,
        idempotency_key=str(uuid.UUID(int=rng.getrandbits(128))),
    )
    transport = "poll" if rng.random() < 0.3 else "auto"
    options = WatchOptions(transport=transport)
    cancel_after_s = rng.uniform(0, 3) if rng.random() < 0.2 else None
    is_sent_twice = rng.random() < 0.2
    attempt = 0
    ended = None
    with person.client(observer) as api:
        while ended is None:
            attempt += 1
            name = f"{observer}/{attempt}"
            ended = _followed(person, api, item, options, name, cancel_after_s)
        if is_sent_twice:
            send(api, book, key=item.idempotency_key)
        if ended.status is JobStatus.COMPLETED:
            fetch_result(api, ended.id)


def _followed(
    person: Person,
    api: ApiClient,
    item: UploadItem,
    options: WatchOptions,
    observer: str,
    cancel_after_s: float | None,
) -> JobSnapshot | None:
    """Return the job as it ended; None when the server could not be reached for too long."""
    with person.session(api) as session:
        for update in session.upload([item], watch=options):
            match update:
                case Accepted(job=job):
                    person.note(Op.SHOWN, observer, job)
                    if cancel_after_s is not None:
                        _cancel_later(person, session, job, observer, cancel_after_s)
                    if job.status.is_terminal:
                        return job
                case JobSnapshot():
                    person.note(Op.SHOWN, observer, update)
                    if update.status.is_terminal:
                        return update
                case Refused(exit_code=code, message=message):
                    if code is not ExitCode.TEMPORARY:
                        raise AssertionError(f"{observer}: {item.filename} refused: {message}")
    return None


def _cancel_later(
    person: Person, session: Session, job: JobSnapshot, observer: str, after_s: float
) -> None:
    def cancel() -> None:
        person.note(Op.CANCEL, observer, job)
        session.cancel(job.id)

    timer = threading.Timer(after_s, cancel)
    timer.daemon = True
    timer.start()


def send(api: ApiClient, book: Book, *, key: str) -> int:
    """Confirm and send a book, however often the server is away; returns the job."""
    size_bytes, sha256 = book.path.stat().st_size, book.sha256

    def attempt() -> int:
        job = api.confirm(
            filename=book.filename,
            settings=book.settings,
            size_bytes=size_bytes,
            page_count=None,
            sha256=sha256,
            idempotency_key=key,
        )
        api.upload(job.id, book.path, filename=book.filename, on_sent=lambda _: None)
        return job.id

    job_id: int = patiently(attempt)
    return job_id


def fetch_result(api: ApiClient, job_id: int) -> None:
    """Fetch a result whole."""

    def fetch() -> None:
        with api.iter_result(job_id, "json") as pieces:
            for _ in pieces:
                pass

    patiently(fetch)


def patiently(act: Callable[[], Any], *, within_s: float = 90) -> Any:
    """Do it until the server answers."""
    ends = time.monotonic() + within_s
    while True:
        try:
            return act()
        except TemporaryError:
            if time.monotonic() > ends:
                raise
            time.sleep(0.2)


def list_own(person: Person, api: ApiClient, observer: str) -> None:
    """Look at the complete list of one's own jobs."""

    def look() -> None:
        began = time.monotonic()
        ids = tuple(job.id for job in api.list_jobs(limit=None))
        person.history.add(
            Entry(op=Op.LIST, observer=observer, user=person.name, began=began, ids=ids, http=200)
        )

    patiently(look)


def look_around(
    person: Person, others: Sequence[Person], *, rng: random.Random, observer: str
) -> None:
    """List one's own jobs, and try to see one of somebody else."""
    with person.client(observer) as api:
        list_own(person, api, observer)
        theirs = [
            entry.job
            for entry in person.history.entries()
            if entry.op is Op.UPLOAD and entry.job and entry.user in {o.name for o in others}
        ]
        if not theirs:
            return
        job_id = rng.choice(theirs)
        try:
            if rng.random() < 0.5:
                patiently(lambda: api.get_job(job_id))
            else:
                with person.session(api) as session:
                    for update in session.watch([job_id]):
                        if isinstance(update, JobSnapshot):
                            person.note(Op.SHOWN, observer, update)
        except NotFoundError:
            pass
