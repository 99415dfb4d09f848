"""The reaper: what one pass recovers."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import text

from fnt.wire.job_status import JobStatus
from fnt_server.db.connection import Database
from fnt_server.db.models import Job, Step
from fnt_server.jobs import creation, leases, state
from fnt_server.jobs.leases import ClaimedStep
from fnt_server.jobs.reaper import Reaper
from server.aging import make_older
from server.records import (
    claim,
    expire,
    fetch,
    make_chunked,
    make_job,
)


class RecordingPublisher:
    """A publisher that only remembers."""

    def __init__(self) -> None:
        self.told: list[dict[str, Any]] = []
        self.rings = 0

    def publish(self, job: dict[str, Any]) -> None:
        self.told.append(job)

    def notify_workers(self, times: int = 1) -> None:
        self.rings += times


@pytest.fixture
def publisher_calls() -> RecordingPublisher:
    return RecordingPublisher()


def run_once(database: Database, publisher_calls: RecordingPublisher, **options: Any) -> None:
    reaper = Reaper(database, publisher_calls, **options)  # type: ignore[arg-type]
    reaper.run_once()


def test_a_pass_takes_back_and_tells(
    database: Database, user_id: int, publisher_calls: RecordingPublisher
) -> None:
    job = make_chunked(database, user_id, chunks=2)
    claimed = claim(database)
    expire(database, claimed)

    run_once(database, publisher_calls)

    assert [(told["id"], told["version"]) for told in publisher_calls.told] == [
        (job.id, job.version + 1)
    ]
    assert not leases.is_held(database, claimed)


def test_a_pass_sends_one_wakeup_and_one_for_each_step_that_lost_its_own(
    database: Database, user_id: int, publisher_calls: RecordingPublisher
) -> None:
    make_chunked(database, user_id, chunks=3)
    run_once(database, publisher_calls)
    assert publisher_calls.rings == 1

    make_older(database, Step.not_before, seconds=60)
    run_once(database, publisher_calls)

    assert publisher_calls.rings == 1 + 4


def test_a_pass_ends_uploads_that_never_came(
    database: Database, user_id: int, publisher_calls: RecordingPublisher
) -> None:
    job = make_job(database, user_id, file=None)
    make_older(database, Job.created_at, seconds=creation.ABANDONED_AFTER_S + 1)

    run_once(database, publisher_calls)

    assert publisher_calls.told[0]["error_code"] == "UPLOAD_ABANDONED"
    assert fetch(database, job.id).status == JobStatus.FAILED


def test_a_pass_also_runs_what_it_was_given(
    database: Database, publisher_calls: RecordingPublisher
) -> None:
    passes: list[str] = []

    run_once(database, publisher_calls, after_pass=lambda: passes.append("also"))

    assert passes == ["also"]


def test_a_job_that_somebody_locked_does_not_stop_the_pass(
    database: Database, user_id: int, publisher_calls: RecordingPublisher
) -> None:
    """Its holder may be a host that vanished."""
    if database.is_sqlite:
        pytest.skip("SQLite has one lock for all rows")
    jobs = [make_job(database, user_id) for _ in range(2)]
    for _ in jobs:
        expire(database, claim(database))

    with database.write() as holder:
        state.lock(holder, jobs[0].id)
        run_once(database, publisher_calls)
        assert [told["id"] for told in publisher_calls.told] == [jobs[1].id]
    run_once(database, publisher_calls)

    assert {told["id"] for told in publisher_calls.told} == {job.id for job in jobs}


def test_workers_are_woken_even_if_a_pass_fails(database: Database, user_id: int) -> None:
    class Failing(RecordingPublisher):
        def publish(self, job: dict[str, Any]) -> None:
            raise ConnectionError

    expire(database, _claimed(database, user_id))
    failing = Failing()

    with pytest.raises(ConnectionError):
        run_once(database, failing)
    assert failing.rings >= 1


def _claimed(database: Database, user_id: int) -> ClaimedStep:
    make_chunked(database, user_id, chunks=1)
    return claim(database)


def test_postgresql_gives_up_clients_that_vanish(postgresql_url: str) -> None:
    database = Database(postgresql_url)
    with database.engine.connect() as connection:
        shown = {
            name: connection.scalar(text(f"SHOW {name}"))
            for name in ("idle_in_transaction_session_timeout", "lock_timeout")
        }
        if "127.0.0.1" in postgresql_url or "localhost" in postgresql_url:
            shown["tcp_keepalives_idle"] = connection.scalar(text("SHOW tcp_keepalives_idle"))
            assert shown.pop("tcp_keepalives_idle") == "5"
    database.dispose()

    assert shown == {"idle_in_transaction_session_timeout": "30s", "lock_timeout": "5s"}
