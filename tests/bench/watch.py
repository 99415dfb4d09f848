"""What watching costs: latency with listeners, requests, bytes, and processor time of the view."""

from __future__ import annotations

import contextlib
import os
import re
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx

from bench.listeners import keep_listeners
from bench.report import Figure, ms, percentile
from e2e.harness import ClientHome, RestClient, ServerProcess, running
from e2e.proxy import proxied
from fnt.api.auth import StaticAuth
from fnt.api.client import ApiClient
from fnt.output.live import LiveRenderer
from fnt.output.renderer import DoneCriteria, Ticker
from fnt.progress import ProgressState, reduce
from fnt.session import Session
from fnt.stream import JobStream
from fnt.wire.jobs import JobSnapshot
from pdfs import make_pdf
from screen import ScreenCommand
from typeset import make_book
from world import make_terminal

ROOMY = {"FNT_MAX_SOCKETS": "450", "FNT_MAX_SOCKETS_PER_USER": "450"}


def measure(*, short: bool) -> Iterator[Figure]:
    """Measure one thing after the other, each on a server of its own."""
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        make_book(200, root / "book.pdf")
        book = (root / "book.pdf").read_bytes()
        for size in (1, 50) if short else (1, 50, 400):
            with _served(root / f"listeners{size}", FNT_PACE_MS="250", **ROOMY) as (server, rest):
                yield from _latency(server, rest, book, size=size)
        with _served(root / "bytes", FNT_PACE_MS="4000") as (server, rest):
            yield from _traffic(server, rest, book, root / "home")
        with _served(root / "many", FNT_PACE_MS="2000", FNT_WORKERS="8") as (server, rest):
            yield from _view_cpu(server, rest, root / "screen", jobs=40 if short else 200)


@contextlib.contextmanager
def _served(folder: Path, **environ: str) -> Iterator[tuple[ServerProcess, RestClient]]:
    """Run a server with one user."""
    with running(ServerProcess(folder, **environ)) as server:
        server.add_user("bench@example.org")
        rest = RestClient(server.url, "bench@example.org")
        yield server, rest
        rest.close()


class _TimedRenderer(LiveRenderer):
    """Notes how late the newest snapshot is when it has been drawn."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.delays_s: list[float] = []
        self._timed: set[int] = set()

    def _draw(self, now: float) -> None:
        jobs = [row.job for row in self._state.rows.values() if row.job is not None]
        super()._draw(now)
        drawn = time.time()
        for job in jobs:
            if job.version not in self._timed:
                self._timed.add(job.version)
                self.delays_s.append(drawn - job.updated_at.timestamp())


def _latency(
    server: ServerProcess, rest: RestClient, book: bytes, *, size: int
) -> Iterator[Figure]:
    job_id = _confirmed(rest)
    with keep_listeners(server.url, rest.token, [job_id] * (size - 1)) as others:
        folded, drawn = _watch_drawn(
            server.url, rest.token, job_id, lambda: _send(rest, job_id, book)
        )
        other_delays = others.delays_s
    for name, delays in (("folded", folded), ("drawn", drawn), ("a bare socket", other_delays)):
        if delays:
            p50, p99 = (ms(percentile(delays, share)) for share in (0.5, 0.99))
            yield Figure(
                name=f"commit → {name}, {size} watchers, p50 / p99", value=f"{p50} / {p99}"
            )


def _watch_drawn(
    url: str, token: str, job_id: int, begin: Callable[[], None]
) -> tuple[list[float], list[float]]:
    """Watch a job with the real session and view; returns delays in seconds."""
    tokens = StaticAuth(token)
    terminal = make_terminal(tty=True)
    view = _TimedRenderer(terminal, criteria=DoneCriteria(), clock=time.monotonic)
    state, folded, begun = ProgressState(), [], False
    with (
        ApiClient(url, auth=tokens) as api,
        Session(
            api, open_stream=lambda inbox: JobStream(url, tokens=tokens, inbox=inbox)
        ) as session,
        view as renderer,
        Ticker(renderer.tick, every_s=0.125),
    ):
        for update in session.watch([job_id]):
            state = reduce(state, update, now=time.monotonic())
            renderer.render(state)
            if isinstance(update, JobSnapshot):
                if begun:
                    folded.append(time.time() - update.updated_at.timestamp())
                else:
                    begun = True
                    begin()
    return folded, view.delays_s[1:]


def _traffic(server: ServerProcess, rest: RestClient, book: bytes, home: Path) -> Iterator[Figure]:
    """Compare the bytes of one watched job with those of a page that polls every 2 s."""
    with proxied(server.port) as pushed, proxied(server.port) as polled:
        client = ClientHome(home, pushed.url)
        client.environ["FNT_TOKEN"] = rest.token
        job_id = _confirmed(rest)
        _send(rest, job_id, book)
        watch = client.start("watch", str(job_id), "--no-save")
        polls = _poll(polled.url, rest.token, job_id)
        watch.communicate(timeout=60)
        asked = [x for x in server.access_log() if re.match(r"GET /api/v1/jobs$", x)]
        by_push = pushed.bytes_down + pushed.bytes_up
        by_poll = polled.bytes_down + polled.bytes_up
    yield Figure(name="status requests of a healthy watched job", value=str(len(asked)), wanted="0")
    yield Figure(
        name="bytes of a watched job / of polls every 2 s",
        value=f"{by_push / by_poll:.2f} ({by_push} / {by_poll} of {polls})",
    )


def _poll(url: str, token: str, job_id: int) -> int:
    count = 0
    with httpx.Client(base_url=url, headers={"Authorization": f"Bearer {token}"}) as http:
        while True:
            count += 1
            if http.get(f"/api/v1/jobs/{job_id}").json()["status"] == "completed":
                return count
            time.sleep(2)


def _view_cpu(
    server: ServerProcess, rest: RestClient, folder: Path, *, jobs: int
) -> Iterator[Figure]:
    content = make_pdf()
    ids = [rest.submit(content, name=f"book{number}.pdf") for number in range(jobs)]
    client = ClientHome(folder, server.url)
    client.environ["FNT_TOKEN"] = rest.token
    client.environ.pop("COLUMNS")
    began = time.monotonic()
    command = ScreenCommand(
        [sys.executable, "-m", "fnt", "watch", "--all", "--no-save"],
        environ=client.environ, cwd=folder, lines=40,
    )  # fmt: skip
    while command.look(0.5):
        pass
    _, status, usage = os.wait4(command.process.pid, 0)
    command.process.returncode = os.waitstatus_to_exitcode(status)
    lasted = time.monotonic() - began
    command.close()
    share = (usage.ru_utime + usage.ru_stime) / lasted
    yield Figure(
        name=f"processor time of a watch of {len(ids)} jobs",
        value=f"{share * 100:.1f} % of a core, for {lasted:.0f} s",
        wanted="< 15 %",
    )


def _confirmed(rest: RestClient) -> int:
    body = {"original_filename": "bench.pdf"}
    job_id: int = rest.post("/jobs/confirm", json=body).json()["job_id"]
    return job_id


def _send(rest: RestClient, job_id: int, book: bytes) -> None:
    rest.post("/process-pdf", data={"job_id": str(job_id)}, files={"pdf_file": ("b.pdf", book)})
