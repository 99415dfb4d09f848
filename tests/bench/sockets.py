"""What a web process carries: sockets on threads and on greenlets, events at a fixed rate."""

from __future__ import annotations

import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest

from bench.listeners import keep_listeners
from bench.report import Figure, memory_kib, ms, percentile
from e2e.harness import descendants
from fnt_server.jobs import creation
from server.processes import Deployment, WebProcess
from server.records import new_job
from server.services import private_broker, scaled_out

WARM = 20
"""Sockets that are there when the memory of the others begins to be counted."""
LATE_S = 10.0
"""How long after the last event was sent the late ones are waited for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """So many sockets, each in the room of a job of its own, and so many events a second."""

    sockets: int
    events_per_s: int
    seconds: float


def measure(*, short: bool) -> Iterator[Figure]:
    """Threads on SQLite, greenlets on PostgreSQL and Redis where these are there."""
    seconds = 3.0 if short else 20.0
    raise_file_limit()
    threads = Load(sockets=400, events_per_s=100, seconds=seconds)
    greenlets = Load(sockets=500 if short else 5000, events_per_s=1000, seconds=seconds)
    with tempfile.TemporaryDirectory() as folder, private_broker() as broker:
        deployment = Deployment(Path(folder), broker_url=broker.url, **room_for(threads))
        yield from _loaded(deployment, threads, worker_class="threads")
    try:
        with ExitStack() as stack:
            folder = stack.enter_context(tempfile.TemporaryDirectory())
            settings = stack.enter_context(scaled_out())
            deployment = Deployment(Path(folder), **settings, **room_for(greenlets))
            yield from _loaded(deployment, greenlets, worker_class="gevent")
    except pytest.skip.Exception as absent:
        yield Figure(name=f"{greenlets.sockets} sockets on greenlets", value=f"not run: {absent}")


def room_for(load: Load) -> dict[str, str]:
    """Return the settings that let the load in."""
    most = str(load.sockets + 50)
    return {"FNT_MAX_SOCKETS": most, "FNT_MAX_SOCKETS_PER_USER": most, "FNT_MAX_USER_JOBS": most}


def raise_file_limit() -> None:
    """Let this process and its children open as many files as the machine allows."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def _loaded(deployment: Deployment, load: Load, *, worker_class: str) -> Iterator[Figure]:
    try:
        user_id, token = deployment.add_user()
        jobs = [
            creation.confirm(deployment.database, new_job(user_id))[0].id
            for _ in range(load.sockets)
        ]
        web = deployment.start_web(FNT_WORKER_CLASS=worker_class)
        with keep_listeners(web.url, token, jobs[:WARM]):
            before_kib = _memory_kib(web)  # with all code loaded that a socket runs through
        began = time.monotonic()
        with keep_listeners(web.url, token, jobs) as listeners:
            opened_s = time.monotonic() - began
            after_kib = _memory_kib(web)
            sent = _emit(deployment, jobs, load)
            listeners.wait_for(sent, within_s=LATE_S)
            delays = listeners.delays_s
    finally:
        deployment.close()
    what = f"{load.sockets} sockets, {worker_class}, {load.events_per_s} events/s"
    p50, p99 = (ms(percentile(delays, share)) for share in (0.5, 0.99))
    wanted = "p99 ≤ 50 ms" if worker_class == "threads" else "p99 ≤ 10 ms"
    yield Figure(name=f"{what}: p50 / p99", value=f"{p50} / {p99}", wanted=wanted)
    yield Figure(
        name=f"{what}: events lost", value=f"{sent - len(delays)} of {sent}", wanted="none"
    )
    yield Figure(
        name=f"{what}: memory a socket",
        value=f"{(after_kib - before_kib) / (load.sockets - WARM):.0f} KiB",
        wanted="≤ 80 KiB" if worker_class == "gevent" else "≤ 150 KiB",
    )
    yield Figure(
        name=f"{what}: connected and joined",
        value=f"{load.sockets / opened_s:.0f} a second",
        more_is_better=True,
    )


def _emit(deployment: Deployment, jobs: list[int], load: Load) -> int:
    """Send the events from a process of its own, as a worker does; returns how many."""
    command = [sys.executable, "-m", "bench.emitter", str(jobs[0]), str(jobs[-1])]
    command += [str(load.events_per_s), str(load.seconds)]
    done = subprocess.run(command, env=_with_tests(deployment), check=True, capture_output=True)
    return int(done.stdout)


def _with_tests(deployment: Deployment) -> dict[str, str]:
    return {**deployment.environ, "PYTHONPATH": str(Path(__file__).parents[1])}


def _memory_kib(web: WebProcess) -> int:
    return memory_kib([web.process.pid, *descendants(web.process.pid)])
