"""When a personal server counts as idle, and that none ends under a client."""

from __future__ import annotations

import fcntl
import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import update

from fnt_server.auth import personal_tokens
from fnt_server.db.connection import Database, now
from fnt_server.db.models import AccessToken
from fnt_server.jobs import state
from fnt_server.supervisor.idle_check import IdleCheck
from server.records import make_job, make_user

AFTER_S = 600.0


@pytest.fixture
def database(migrated_sqlite: Path, tmp_path: Path) -> Iterator[Database]:
    shutil.copyfile(migrated_sqlite, tmp_path / "fnt.db")
    made = Database(f"sqlite:///{tmp_path / 'fnt.db'}")
    yield made
    made.dispose()


@pytest.fixture
def in_use(tmp_path: Path) -> Path:
    return tmp_path / "in-use.lock"


@pytest.fixture
def idle_after(in_use: Path, database: Database) -> Callable[[float], bool]:
    """Return a function that lets time pass, and looks every second."""
    time = [0.0]
    check = IdleCheck(in_use, after_s=AFTER_S, clock=lambda: time[0])

    def wait(seconds: float) -> bool:
        for _ in range(int(seconds)):
            time[0] += 1
            if check(database):
                return True
        return False

    return wait


After = Callable[[float], bool]


def lock(path: Path, how: int) -> int:
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    fcntl.flock(descriptor, how | fcntl.LOCK_NB)
    return descriptor


def test_unused_it_ends_and_lets_nobody_in(idle_after: After, in_use: Path) -> None:
    assert not idle_after(AFTER_S - 1)
    os.close(lock(in_use, fcntl.LOCK_SH))

    assert idle_after(1)
    with pytest.raises(BlockingIOError):
        lock(in_use, fcntl.LOCK_SH)


def test_a_client_keeps_it(idle_after: After, in_use: Path) -> None:
    client = lock(in_use, fcntl.LOCK_SH)
    assert not idle_after(3 * AFTER_S)

    os.close(client)

    assert not idle_after(AFTER_S - 20)
    assert idle_after(40)


def test_a_running_job_keeps_it(idle_after: After, database: Database) -> None:
    user_id = make_user(database)
    job = make_job(database, user_id)
    assert not idle_after(3 * AFTER_S)

    state.cancel(database, user_id, job.id)

    assert not idle_after(AFTER_S - 20)
    assert idle_after(40)


def test_a_job_that_never_got_its_file_does_not(idle_after: After, database: Database) -> None:
    make_job(database, make_user(database), file=None)

    assert idle_after(AFTER_S)


def test_a_request_keeps_it_once(idle_after: After, database: Database) -> None:
    user_id = make_user(database)
    with database.write() as session:
        personal_tokens.create(session, user_id, name="x", days=1)
    assert not idle_after(AFTER_S / 2)

    with database.write() as session:
        session.execute(update(AccessToken).values(last_used_at=now()))

    assert not idle_after(AFTER_S - 20)
    assert idle_after(40)


def test_a_database_that_does_not_answer_ends_nothing(
    idle_after: After, database: Database
) -> None:
    with database.write() as session:
        session.connection().exec_driver_sql("DROP TABLE jobs")

    assert not idle_after(3 * AFTER_S)
