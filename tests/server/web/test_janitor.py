"""The janitor: which files and logins it deletes, and what it does while the bucket is down."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import update

import fnt_server.storage.object_store
from e2e.harness import wait_for
from fnt_server.db.connection import Database
from fnt_server.db.models import DAY_S, Job, RetentionRule
from fnt_server.jobs import retention, state, step_results
from fnt_server.jobs.creation import StoredFile
from fnt_server.storage.object_store import NativeThreadStorage, Storage, StorageDownError
from fnt_server.web import janitor
from fnt_server.web.janitor import ORPHANED_AFTER_S, Janitor, next_run_in_s, sweep
from server.aging import make_older
from server.records import (
    at_once,
    claim,
    complete_chunk,
    make_chunked,
    make_job,
)


class BrokenStorage(Storage):
    """A bucket that is down; counts how often it was tried."""

    tries = 0

    def iter_keys(self, prefix: str, *, older_than_s: float = 0.0) -> Iterator[list[str]]:
        self.tries += 1
        raise StorageDownError("away")


def test_a_cleanup_deletes_orphans(database: Database, storage: Storage, tmp_path: Path) -> None:
    storage.put("jobs/1/old.pdf", [b"x"])
    make_old(tmp_path)

    Janitor(database, storage).run_once()

    assert storage.list_keys("jobs/") == []


def test_a_bucket_that_is_down_is_retried_ever_more_rarely(
    database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It was tried again with every pass of the reaper, every 5 s."""
    monkeypatch.setattr(janitor, "FIRST_RETRY_S", 0.1)
    storage = BrokenStorage((tmp_path / "files").as_uri())
    cleaning = Janitor(database, storage)
    cleaning.start()
    wait_for(lambda: storage.tries >= 3, within_s=5, what="three tries")
    cleaning.close()

    assert [next_run_in_s(failures) for failures in range(6)] == [3600, 0.1, 0.2, 0.4, 0.8, 1.6]
    assert next_run_in_s(10**6) == 3600


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
    complete_chunk(database, claim(database))
    result = f"jobs/{done.id}/result"
    step_results.complete_merge(database, claim(database), result_key=result, sentence_count=9)
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


def make_expired(database: Database, user_id: int, storage: Storage) -> int:
    """Add a job that ended, with files, and let its time be over."""
    job = make_job(database, user_id)
    state.cancel(database, user_id, job.id)
    put_all(storage, f"jobs/{job.id}/source-a.pdf", f"jobs/{job.id}/result-1.jsonl")
    retention.apply_setting(database, 30)
    for column in (Job.completed_at, RetentionRule.since):
        make_older(database, column, seconds=31 * DAY_S)
    return job.id


def test_an_expired_job_goes_with_its_files(
    database: Database, user_id: int, storage: Storage
) -> None:
    job_id = make_expired(database, user_id, storage)
    kept = make_job(database, user_id)
    put_all(storage, f"jobs/{kept.id}/source-a.pdf")

    at_once([Janitor(database, storage, keep_days=30).run_once] * 3)

    assert storage.list_keys("jobs/") == [f"jobs/{kept.id}/source-a.pdf"]
    with database.read() as session:
        assert session.get(Job, job_id) is None
        assert session.get(Job, kept.id) is not None


def test_files_of_a_janitor_that_was_killed_are_swept(
    database: Database, user_id: int, storage: Storage, tmp_path: Path
) -> None:
    make_expired(database, user_id, storage)
    assert retention.delete_expired(database)  # here it died

    make_old(tmp_path)
    Janitor(database, storage, keep_days=30).run_once()

    assert storage.list_keys("jobs/") == []


def test_a_janitor_applies_its_setting_once(
    database: Database, user_id: int, storage: Storage
) -> None:
    """A process that still runs with an older setting does not undo a newer one."""
    old = Janitor(database, storage, keep_days=30)
    old.run_once()
    Janitor(database, storage, keep_days=0).run_once()
    old.run_once()

    with database.read() as session:
        assert session.query(RetentionRule).count() == 0
