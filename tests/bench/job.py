"""The whole job beside bare text extraction of the same book in one process."""

from __future__ import annotations

import os
import statistics
import tempfile
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

from bench.books import long_book
from bench.report import Figure, python, seconds
from e2e.harness import RestClient, ServerProcess, running

BARE = """
import sys
import pypdfium2

book = pypdfium2.PdfDocument(sys.argv[1])
for page in book:
    page.get_textpage().get_text_bounded()
"""


def measure(*, short: bool) -> Iterator[Figure]:
    """Take turns: a job, a bare extraction."""
    jobs, bare = [], []
    with tempfile.TemporaryDirectory() as folder:
        book = long_book(Path(folder), pages=200 if short else 1000)
        slots = str(os.cpu_count())  # what `fnt-server run` takes
        with running(ServerProcess(Path(folder) / "data", FNT_WORKERS=slots)) as server:
            server.add_user("bench@example.org")
            rest = RestClient(server.url, "bench@example.org")
            content = book.read_bytes()
            for _ in range(1 if short else 5):
                bare.append(seconds(python("-c", BARE, str(book))))
                jobs.append(_job_s(rest, content))
            pages = rest.get("/jobs").json()["jobs"][0]["page_count"]
            rest.close()
    job, extraction = statistics.median(jobs), statistics.median(bare)
    yield Figure(
        name=f"whole job, {book.stem}, {pages} pages / bare extraction",
        wanted="≤ 2.5",
        value=f"{job / extraction:.1f} ({job:.2f} s / {extraction:.2f} s)",
    )


def _job_s(rest: RestClient, content: bytes) -> float:
    """Return the seconds from the upload's last byte to the end, by the server's own times."""
    job_id = rest.submit(content)
    rest.wait_until(job_id, lambda job: job["status"] == "completed", within_s=120)
    job = rest.job(job_id)
    return _epoch(job["completed_at"]) - _epoch(job["uploaded_at"])


def _epoch(moment: str) -> float:
    return datetime.fromisoformat(moment).timestamp()
