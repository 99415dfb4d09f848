"""Jobs a minute with one worker slot and with two, taken in turns within one run."""

from __future__ import annotations

import statistics
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import datetime
from pathlib import Path

from bench.report import Figure
from e2e.harness import RestClient, ServerProcess, running
from typeset import make_book

POLL_EVERY_S = 0.5
"""Seldom: who looks takes processor time from the slots."""


def measure(*, short: bool) -> Iterator[Figure]:
    """Send a batch of equal jobs to a server of one slot and to one of two, round after round."""
    jobs, rounds = (2, 1) if short else (8, 3)
    per_minute: dict[int, list[float]] = {1: [], 2: []}
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        make_book(300, Path(folder) / "book.pdf")
        book = (Path(folder) / "book.pdf").read_bytes()
        rests = {}
        for slots in per_minute:
            data = Path(folder) / f"data{slots}"
            server = stack.enter_context(running(ServerProcess(data, FNT_WORKERS=str(slots))))
            server.add_user("bench@example.org")
            rests[slots] = RestClient(server.url, "bench@example.org")
            stack.callback(rests[slots].close)
            _batch_s(rests[slots], book, jobs=slots)
        for _ in range(rounds):
            for slots, rest in rests.items():
                per_minute[slots].append(jobs / _batch_s(rest, book, jobs=jobs) * 60)
    one, two = (statistics.median(per_minute[slots]) for slots in (1, 2))
    yield Figure(
        name="jobs of 300 pages a minute, 2 slots / 1 slot",
        value=f"{two / one:.2f} ({two:.0f} / {one:.0f})",
        wanted="≥ 1.7 on 2 free cores",
        more_is_better=True,
    )


def _batch_s(rest: RestClient, book: bytes, *, jobs: int) -> float:
    """Return the seconds from the first upload to the last job's end, by the server's times."""
    numbers = {rest.submit(book) for _ in range(jobs)}
    while True:
        time.sleep(POLL_EVERY_S)
        listed = [job for job in rest.get("/jobs").json()["jobs"] if job["id"] in numbers]
        if all(job["status"] == "completed" for job in listed):
            began = min(datetime.fromisoformat(job["uploaded_at"]) for job in listed)
            ended = max(datetime.fromisoformat(job["completed_at"]) for job in listed)
            return (ended - began).total_seconds()
