"""How time and memory grow: with pages, with jobs stored, with steps that are ready."""

from __future__ import annotations

import re
import statistics
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pypdfium2
import pytest
from sqlalchemy import insert, text

from bench.report import Curve, seconds
from fnt.wire.jobs import ProcessingSettings
from fnt_server.db import schema
from fnt_server.db.connection import Database
from fnt_server.db.models import Job, Step, User
from fnt_server.jobs import leases, queries
from fnt_server.sandbox.pipeline_process import PipelineProcess
from server.services import private_schema
from typeset import make_book

STORED = (100, 1_000, 5_000, 20_000)
USERS = 20
ROUNDS = 11
BATCH = 5_000
TYPESET = 500


def measure(*, short: bool) -> Iterator[Curve]:
    """Measure each at a few sizes."""
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        yield from _by_pages(root, (10, 100, 500) if short else (10, 100, 500, 1000, 2000, 5000))
        sizes = STORED[:3] if short else STORED
        yield from _by_jobs(f"sqlite:///{root / 'fnt.db'}", "SQLite", sizes)
    try:
        with private_schema() as url:
            yield from _by_jobs(url, "PostgreSQL", sizes)
    except pytest.skip.Exception:  # there is none here
        return


def _by_pages(folder: Path, sizes: tuple[int, ...]) -> Iterator[Curve]:
    """Analyze and split whole books in one pipeline process each, as a slot does."""
    taken, held = [], []
    for pages in sizes:
        book = _book(folder, pages)
        with PipelineProcess() as process:
            process.start()
            taken.append((pages, seconds(lambda b=book, p=process: _process(p, b, folder))))
            status = Path(f"/proc/{process.pid}/status").read_text()
        held.append((pages, int(re.findall(r"VmHWM:\s+(\d+)", status)[0]) / 1024))
    yield Curve(name="One book, one slot", x="pages", y="seconds", points=taken)
    yield Curve(
        name="Peak memory of its pipeline process", x="pages", y="MiB", points=held,
        reason="begins with what an idle process holds; the layout of the whole book is in memory",
    )  # fmt: skip


def _book(folder: Path, pages: int) -> Path:
    """Typeset a book; a long one repeats its first 500 pages, because typesetting takes long."""
    path = folder / f"{pages}.pdf"
    make_book(min(pages, TYPESET), path)
    if pages > TYPESET:
        with pypdfium2.PdfDocument(path) as part, pypdfium2.PdfDocument.new() as whole:
            for _ in range(pages // TYPESET):
                whole.import_pages(part)
            whole.save(path)
    return path


def _process(process: PipelineProcess, book: Path, folder: Path) -> None:
    settings = ProcessingSettings()
    plan = process.analyze(book, settings)
    part = folder / "part.json"
    with plan.body:
        for _, content in plan.iter_inputs():
            part.write_bytes(content)
            process.shorten(part, settings).lines.close()


def _by_jobs(url: str, kind: str, sizes: tuple[int, ...]) -> Iterator[Curve]:
    database = Database(url)
    schema.migrate(database)
    with database.write() as session:
        users = [
            {"email": f"u{n}@x", "name": "u", "password_hash": "-", "created_at": 1.0}
            for n in range(USERS)
        ]
        session.execute(insert(User), users)
    claims, lists, count = [], [], 0
    for size in sizes:
        _add_jobs(database, count, size)
        count = size
        claims.append((size, _median_ms(lambda: leases.claim(database, owner="w.1", lease_s=60))))
        lists.append((size, _median_ms(lambda: queries.list_jobs(database, 1, limit=50))))
    database.dispose()
    yield Curve(
        name=f"Taking a step, {kind}", x="steps ready", y="ms", points=claims,
        reason="begins with the commit; the fairest step is found among all that are ready",
    )  # fmt: skip
    yield Curve(name=f"Listing 50 jobs, {kind}", x="jobs stored", y="ms", points=lists)


def _add_jobs(database: Database, first: int, until: int) -> None:
    """Add jobs with one ready step each."""
    job = {
        "status": "processing", "original_filename": "x.pdf", "processing_settings": {},
        "request_hash": "h", "created_at": 1.0, "updated_at": 1.0,
    }  # fmt: skip
    step = {"kind": "analyse", "number": 0, "status": "ready", "not_before": 1.0}
    for start in range(first, until, BATCH):
        ids = range(start + 1, min(start + BATCH, until) + 1)
        with database.write() as session:
            session.execute(
                insert(Job.__table__), [{**job, "id": n, "user_id": 1 + n % USERS} for n in ids]
            )
            session.execute(insert(Step.__table__), [{**step, "job_id": n} for n in ids])
    with database.write() as session:
        session.execute(text("ANALYZE"))  # as PostgreSQL does by itself, but not at once


def _median_ms(action: object) -> float:
    assert callable(action)
    return statistics.median(seconds(action) for _ in range(ROUNDS)) * 1000
