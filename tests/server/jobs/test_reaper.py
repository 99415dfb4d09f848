"""The reaper: what one pass heals, and which files it may delete."""

from __future__ import annotations

import os
import secrets
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import update

import fnt_server.storage.object_store
from fnt.wire.jobs import JobStatus
from fnt_server.db.connection import Database
from fnt_server.db.models import Job, Step
from fnt_server.jobs import creation, leases, step_results
from fnt_server.jobs.creation import StoredFile
from fnt_server.jobs.reaper import ORPHANED_AFTER_S, Reaper, sweep
from fnt_server.storage.object_store import NativeThreadStorage, Storage
from server.aging import make_older
from server.records import (
    complete_chunk,
    expire,
    fetch,
    make_chunked,
    make_job,
    take,
)


class Heard:
    """A publisher that only remembers."""

    def __init__(self) -> None:
        self.told: list[dict[str, Any]] = []
        self.rings = 0

    def publish(self, job: dict[str, Any]) -> None:
        self.told.append(job)

    def ring(self, times: int = 1) -> None:
        self.rings += times


@pytest.fixture
def heard() -> Heard:
    return Heard()


def run_once(database: Database, heard: Heard, **options: Any) -> None:
    reaper = Reaper(database, heard, **options)  # type: ignore[arg-type]
    reaper.close()
    reaper.run_once()


def test_a_pass_takes_back_and_tells(database: Database, user_id: int, heard: Heard) -> None:
    job = make_chunked(database, user_id, chunks=2)
    held = take(database)
    expire(database, held)

    run_once(database, heard)

    assert [(told["id"], told["version"]) for told in heard.told] == [(job.id, job.version + 1)]
    assert not leases.is_held(database, held)


def test_a_pass_rings_once_and_for_each_step_nobody_heard(
    database: Database, user_id: int, heard: Heard
) -> None:
    make_chunked(database, user_id, chunks=3)
    run_once(database, heard)
    assert heard.rings == 1

    make_older(database, Step.not_before, seconds=60)
    run_once(database, heard)

    assert heard.rings == 1 + 4


def test_a_pass_ends_uploads_that_never_came(
    database: Database, user_id: int, heard: Heard
) -> None:
    job = make_job(database, user_id, file=None)
    make_older(database, Job.created_at, seconds=creation.ABANDONED_AFTER_S + 1)

    run_once(database, heard)

    assert heard.told[0]["error_code"] == "UPLOAD_ABANDONED"
    assert fetch(database, job.id).status == JobStatus.FAILED


def test_a_pass_does_what_else_it_is_for_and_sweeps(
    database: Database, storage: Storage, tmp_path: Path, heard: Heard
) -> None:
    passes: list[str] = []
    storage.put("jobs/1/old.pdf", [b"x"])
    make_old(tmp_path)

    run_once(database, heard, storage=storage, also=lambda: passes.append("also"))

    assert passes == ["also"]
    assert storage.list_keys("jobs/") == []


def make_old(tmp_path: Path) -> None:
    for path in (tmp_path / "files").rglob("*"):
        if path.is_file():
            os.utime(path, (1, 1))


def put_all(storage: Storage, *keys: str) -> None:
    for key in keys:
        storage.put(key, [b"x"])


def test_sweep_of_a_bucket(database: Database, user_id: int, bucket_url: str) -> None:
    storage = Storage(f"{bucket_url}/{secrets.token_hex(4)}")
    running = make_job(
        database, user_id, file=StoredFile(key="jobs/2/source-a.pdf", sha256="2" * 64, size_bytes=1)
    )
    put_all(storage, f"jobs/{running.id}/source-a.pdf", "jobs/999/source-b.pdf")

    assert sweep(database, storage, older_than_s=ORPHANED_AFTER_S) == []
    # A bucket tells whole seconds.
    assert sweep(database, storage, older_than_s=-1) == ["jobs/999/source-b.pdf"]
    assert storage.list_keys("jobs/") == [f"jobs/{running.id}/source-a.pdf"]


def test_sweep_keeps_what_jobs_need(
    database: Database, user_id: int, storage: Storage, tmp_path: Path
) -> None:
    done = make_chunked(database, user_id, chunks=1)
    complete_chunk(database, take(database))
    result = f"jobs/{done.id}/result"
    step_results.complete_merge(database, take(database), result_key=result, sentence_count=9)
    source = f"jobs/{done.id}/source-d.pdf"
    with database.write() as session:
        session.execute(update(Job).where(Job.id == done.id).values(file_key=source))
    running = make_job(
        database, user_id, file=StoredFile(key="jobs/2/source-a.pdf", sha256="2" * 64, size_bytes=1)
    )
    needed = [source, result, f"jobs/{running.id}/source-a.pdf", f"jobs/{running.id}/work/1"]
    orphans = [f"jobs/{done.id}/work/1", "jobs/999/source-b.pdf", "jobs/x/odd", f"jobs/{9**20}/odd"]
    put_all(storage, *needed, *orphans)
    assert sweep(database, storage, older_than_s=ORPHANED_AFTER_S) == []
    make_old(tmp_path)

    assert sorted(sweep(database, storage)) == sorted(orphans)
    for key in needed:
        assert storage.get(key)


@pytest.mark.parametrize("kind", [Storage, NativeThreadStorage])
def test_sweep_goes_piece_by_piece_while_it_deletes(
    kind: type[Storage], database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fnt_server.storage.object_store, "LISTED_AT_ONCE", 7)
    storage = kind((tmp_path / "files").as_uri())
    keys = [f"jobs/{job}/work/{k}" for job in range(10) for k in range(3)]
    put_all(storage, *keys)
    make_old(tmp_path)

    assert max(map(len, storage.iter_keys("jobs/"))) == 7
    assert sorted(sweep(database, storage)) == keys
    assert storage.list_keys("jobs/") == []


def test_sweep_forgets_the_drafts_of_killed_uploads(
    database: Database, storage: Storage, tmp_path: Path
) -> None:
    put_all(storage, "jobs/1/a")
    draft = tmp_path / "files" / "jobs" / "1" / "source.pdf#1"
    draft.write_bytes(b"half")
    make_old(tmp_path)

    sweep(database, storage)

    assert not draft.exists()
