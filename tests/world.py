"""The world outside of the commands, made of buffers and scripts."""

from __future__ import annotations

import io
import itertools
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from typing import Any, Self

from typer.testing import CliRunner, Result

from builders import MOMENT, make_snapshot
from fnt.api.device import DeviceGrant
from fnt.app import app
from fnt.config.credentials import Tokens
from fnt.connection import Connection
from fnt.context import AppContext
from fnt.errors import AuthError, FntError, NotFoundError, UsageError
from fnt.output.report.document import Report
from fnt.output.terminal import Terminal
from fnt.progress import Accepted, Refused, Update, UploadProgress
from fnt.wire.job_status import JobStatus
from fnt.wire.jobs import JobSnapshot
from fnt.wire.responses import Chunk, ExpiringJobs, User

SERVER = "https://books.example.org"
TOKENS = Tokens(access_token="a", refresh_token="r", expires_at=1_772_366_400.0, email="me@x.org")


class Stream(io.TextIOWrapper):
    """A text stream in memory that may claim to be a terminal."""

    def __init__(self, text: str = "", *, tty: bool = False, encoding: str = "utf-8") -> None:
        self.bytes = io.BytesIO(text.encode(encoding))
        super().__init__(self.bytes, encoding=encoding, newline="")
        self._tty = tty

    def isatty(self) -> bool:
        return self._tty

    @property
    def text(self) -> str:
        self.flush()
        return self.bytes.getvalue().decode(self.encoding)


def make_terminal(
    *,
    tty: bool = False,
    stdin: str = "",
    encoding: str = "utf-8",
    environ: dict[str, str] | None = None,
    size: tuple[int, int] = (100, 30),
    secret: str = "",
) -> Terminal:
    """A terminal of buffers."""
    return Terminal(
        out=Stream(tty=tty, encoding=encoding),
        err=Stream(tty=tty, encoding=encoding),
        stdin=Stream(stdin, tty=tty),
        environ=environ or {},
        ask_secret=lambda question: secret,
        size=size,
    )


class Clock:
    """Seconds that pass when told to; the time of day passes with them."""

    def __init__(self) -> None:
        self.seconds = 100.0

    def __call__(self) -> float:
        return self.seconds

    def now(self) -> Any:
        return MOMENT + timedelta(seconds=self.seconds - 100.0)

    def sleep(self, seconds: float) -> None:
        self.seconds += seconds


class FakeApi:
    """The record, without HTTP."""

    def __init__(self, *jobs: JobSnapshot) -> None:
        self.server = SERVER
        self.jobs = {job.id: job for job in jobs}
        self.results: dict[int, bytes] = {}
        self.chunk_rows: list[Chunk] = []
        self.expiring: ExpiringJobs | None = None
        self.calls: list[tuple[Any, ...]] = []
        self.is_logged_in = True
        self.grant: DeviceGrant | FntError = NotFoundError("not found", code="NOT_FOUND")
        self.polls: list[Any] = []
        """What polls answer, one after the other; the last one for ever."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        return None

    def login(self, email: str, password: str) -> Tokens:
        self.calls.append(("login", email, password))
        if password != "secret":
            raise AuthError("email or password is wrong", code="BAD_CREDENTIALS")
        return replace(TOKENS, email=email)

    def ask_device_login(self, *, host: str) -> DeviceGrant:
        self.calls.append(("ask_device_login",))
        if isinstance(self.grant, FntError):
            raise self.grant
        return self.grant

    def poll_device_login(self, grant: DeviceGrant) -> Any:
        self.calls.append(("poll",))
        outcome = self.polls.pop(0) if len(self.polls) > 1 else self.polls[0]
        if isinstance(outcome, BaseException):
            raise outcome
        return outcome

    def me(self) -> User:
        if not self.is_logged_in:
            raise AuthError("the token is not valid", code="TOKEN_INVALID")
        return User(id=1, email="me@x.org", name="Me")

    def logout(self, *, everywhere: bool = False) -> None:
        self.calls.append(("logout", everywhere))
        if not self.is_logged_in:
            raise AuthError("not logged in", hint="run: fnt login")

    def get_job(self, job_id: int) -> JobSnapshot:
        if job_id not in self.jobs:
            raise NotFoundError(f"job {job_id} not found", code="JOB_NOT_FOUND")
        return self.jobs[job_id]

    def list_jobs(
        self,
        *,
        status: JobStatus | None = None,
        sha256: str | None = None,
        limit: int | None = 50,
        on_expiring: Callable[[ExpiringJobs], None] = lambda _: None,
    ) -> Iterator[JobSnapshot]:
        if self.expiring is not None:
            on_expiring(self.expiring)
        jobs = [
            job
            for job in self.jobs.values()
            if status in (None, job.status) and sha256 in (None, job.sha256)
        ]
        yield from sorted(jobs, key=lambda job: -job.id)[:limit]

    def chunks(self, job_id: int) -> list[Chunk]:
        return self.chunk_rows

    def cancel(self, job_id: int) -> JobSnapshot:
        job = self.get_job(job_id)
        return job if job.status.is_terminal else job.replaced(status=JobStatus.CANCELLED)

    def retry(self, job_id: int, *, idempotency_key: str) -> JobSnapshot:
        self.calls.append(("retry", job_id, idempotency_key))
        return self.get_job(job_id).replaced(id=job_id + 100, retry_of=job_id)

    def delete(self, job_id: int) -> None:
        self.get_job(job_id)
        self.calls.append(("delete", job_id))

    @contextmanager
    def iter_result(self, job_id: int, format: str) -> Iterator[Iterator[bytes]]:
        yield iter([self.results.get(job_id, b"Une phrase.\n")])


class FakeStore:
    """A login kept in memory."""

    def __init__(self, tokens: Tokens | None = TOKENS) -> None:
        self.tokens = tokens
        self.saved: list[tuple[Tokens, bool]] = []
        self.has_place = True
        self.is_forgetful = False

    def require_place(self, *, insecure_storage: bool = False) -> None:
        if not self.has_place and not insecure_storage:
            raise UsageError("no secure keyring found", hint="run: fnt login --insecure-storage")

    def load(self) -> Tokens | None:
        return self.tokens

    def save(self, tokens: Tokens, *, insecure_storage: bool = False) -> str:
        if self.is_forgetful:
            raise UsageError("the keyring did not store the token")
        self.saved.append((tokens, insecure_storage))
        return "the keyring"

    def delete(self) -> None:
        self.tokens = None

    def where(self) -> str:
        return "the keyring"


Step = Update | BaseException | Callable[[], object]
"""What a session does next: yield, raise, or let the test do something."""


@dataclass
class FakeSession:
    """Plays a script to whoever pulls. `detach` ends it, as in the real one."""

    script: Iterable[Step] = ()
    asked: list[tuple[str, Any, Any]] = field(default_factory=list)
    cancelled: list[int] = field(default_factory=list)
    detached: threading.Event = field(default_factory=threading.Event)
    is_closed: bool = False

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        self.is_closed = True

    def upload(
        self, items: Any, *, parallel: int = 4, watch: Any = None, give_up_s: float = 600.0
    ) -> Iterator[Update]:
        items = list(items)
        self.asked.append(
            ("upload", [i for i in items if not isinstance(i, Refused)], watch or parallel)
        )
        yield from (item for item in items if isinstance(item, Refused))
        yield from self._play()

    def watch(self, job_ids: Any, options: Any = None) -> Iterator[Update]:
        self.asked.append(("watch", list(job_ids), options))
        yield from self._play()

    def cancel(self, job_id: int) -> None:
        self.cancelled.append(job_id)

    def detach(self) -> None:
        self.detached.set()

    @property
    def is_detached(self) -> bool:
        return self.detached.is_set()

    def _play(self) -> Iterator[Update]:
        for step in self.script:
            if self.is_detached:
                return
            if isinstance(step, BaseException):
                raise step
            if callable(step):
                step()
            else:
                yield step


@dataclass
class World:
    """A context and everything it is made of."""

    api: FakeApi = field(default_factory=FakeApi)
    session: FakeSession = field(default_factory=FakeSession)
    store: FakeStore = field(default_factory=FakeStore)
    terminal: Terminal = field(default_factory=make_terminal)
    clock: Clock = field(default_factory=Clock)
    environ: dict[str, str] = field(default_factory=dict)
    connected_to: list[Any] = field(default_factory=list)
    opened: list[str] = field(default_factory=list)
    """Pages shown in a browser."""
    has_browser: bool = True
    naps: list[float] = field(default_factory=list)
    cwd: Path = Path("/nonexistent")
    new_key: Callable[[], str] = field(
        default_factory=lambda: map("key-{}".format, itertools.count(1)).__next__
    )

    def context(self) -> AppContext:
        return AppContext(
            terminal=self.terminal,
            report=Report(now=self.clock.now),
            environ=self.environ,
            cwd=self.cwd,
            clock=self.clock,
            sleep=self._sleep,
            has_browser=lambda environ: self.has_browser,
            open_browser=self.opened.append,
            now=self.clock.now,
            new_key=self.new_key,
            connect=self._connect,
        )

    def invoke(self, *args: str) -> Result:
        """Run a command as the application does; errors come out as `result.exception`."""
        return CliRunner().invoke(app, list(args), obj=self.context(), prog_name="fnt")

    @property
    def out(self) -> str:
        return self.terminal.out.text  # type: ignore[attr-defined]

    @property
    def err(self) -> str:
        return self.terminal.err.text  # type: ignore[attr-defined]

    def _sleep(self, seconds: float) -> None:
        self.naps.append(seconds)
        self.clock.sleep(seconds)

    def _connect(self, settings: Any) -> Connection:
        self.connected_to.append(settings)
        return Connection(
            api=self.api,  # type: ignore[arg-type]
            anonymous=self.api,  # type: ignore[arg-type]
            store=self.store,  # type: ignore[arg-type]
            name=SERVER,
            token_source="FNT_TOKEN" if self.environ.get("FNT_TOKEN") else None,
            account=lambda: self.api.me().email,
            open_session=lambda: self.session,  # type: ignore[arg-type, return-value]
            open_stream=lambda inbox: None,  # type: ignore[arg-type, return-value]
        )


def uploaded(number: int = 0, *, job_id: int = 12, title: str = "novel.pdf") -> list[Update]:
    """The updates of one file that was sent and accepted."""
    key = f"book:{number + 1}"
    job = make_snapshot(id=job_id, status=JobStatus.PENDING, original_filename=title)
    return [
        UploadProgress(key=key, title=title, sent_bytes=10, size_bytes=10),
        Accepted(key=key, job=job),
    ]


def ended(status: JobStatus, *, job_id: int = 12, **changes: Any) -> JobSnapshot:
    """The last snapshot of a job."""
    facts = {"version": 9, "progress_percent": 40 if status is JobStatus.CANCELLED else 100}
    return make_snapshot(id=job_id, status=status, **{**facts, **changes})


def completed(*, job_id: int = 12, **changes: Any) -> JobSnapshot:
    """The last snapshot of a job that went well."""
    facts = {"sentence_count": 19204, "page_count": 475, "total_chunks": 33, **changes}
    return ended(JobStatus.COMPLETED, job_id=job_id, processed_chunks=33, **facts)
