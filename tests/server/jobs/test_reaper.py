"""The reaper: what one pass recovers."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import select, text, update

from fnt.wire.job_status import JobStatus
from fnt_server.db.connection import Database
from fnt_server.db.models import Base, Job, Step, User
from fnt_server.jobs import creation, leases, retry_policy, state
from fnt_server.jobs.leases import ClaimedStep
from fnt_server.jobs.reaper import Reaper
from server.aging import make_older
from server.records import (
    claim,
    expire,
    fetch,
    make_chunked,
    make_job,
    make_user,
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


@pytest.mark.parametrize("table", [Step, User])
def test_a_row_of_any_table_that_somebody_locked_does_not_stop_the_pass(
    database: Database, user_id: int, publisher_calls: RecordingPublisher, table: type[Base]
) -> None:
    """A host that vanished while it claimed holds a step and its user, not the job."""
    if database.is_sqlite:
        pytest.skip("SQLite has one lock for all rows")
    jobs = [make_job(database, user_id) for _ in range(2)]
    lost = [claim(database) for _ in jobs]
    for claimed in lost:
        expire(database, claimed)
    of_job = {Step: Step.id == lost[0].step_id, User: User.id == user_id}[table]
    waiting = make_job(database, make_user(database))
    make_older(database, Step.not_before, seconds=60)

    with database.write() as holder:
        holder.execute(select(table).where(of_job).with_for_update())
        run_once(database, publisher_calls)
        told = [told["id"] for told in publisher_calls.told]
        assert jobs[1].id in told
        assert publisher_calls.rings >= 2
        assert claim(database).job_id == waiting.id
    run_once(database, publisher_calls)

    assert {told["id"] for told in publisher_calls.told} >= {job.id for job in jobs}


def test_a_job_that_fails_while_one_of_its_steps_is_locked_does_not_stop_the_pass(
    database: Database, user_id: int, publisher_calls: RecordingPublisher
) -> None:
    """The last loss ends the job, and with it a step that a vanished host was about to claim."""
    if database.is_sqlite:
        pytest.skip("SQLite has one lock for all rows")
    make_chunked(database, user_id, chunks=2)
    lost = claim(database)
    with database.write() as session:
        session.execute(
            update(Step)
            .where(Step.id == lost.step_id)
            .values(lost_count=retry_policy.MAX_LOST - 1, lease_ends_at=1.0)
        )
    other = make_job(database, make_user(database))
    expire(database, claim(database))

    with database.write() as holder:
        held = (Step.job_id == lost.job_id, Step.id != lost.step_id)
        holder.execute(select(Step).where(*held).with_for_update())
        run_once(database, publisher_calls)
        assert [told["id"] for told in publisher_calls.told] == [other.id]
    run_once(database, publisher_calls)

    assert publisher_calls.told[-1]["error_code"] == "WORKER_LOST"


def test_a_locked_user_does_not_stop_claims(database: Database, user_id: int) -> None:
    """The vanished host was claiming a step of the user whose turn it is."""
    if database.is_sqlite:
        pytest.skip("SQLite has one lock for all rows")
    job = make_job(database, user_id)

    with database.write() as holder:
        holder.execute(update(User).where(User.id == user_id).values(served_at=1.0))
        assert claim(database).job_id == job.id


def test_a_locked_upload_that_never_came_does_not_stop_the_others(
    database: Database, user_id: int
) -> None:
    if database.is_sqlite:
        pytest.skip("SQLite has one lock for all rows")
    jobs = [make_job(database, user_id, file=None) for _ in range(2)]
    make_older(database, Job.created_at, seconds=creation.ABANDONED_AFTER_S + 1)

    with database.write() as holder:
        state.lock(holder, jobs[0].id)
        assert [job.id for job in creation.fail_abandoned(database)] == [jobs[1].id]
    assert [job.id for job in creation.fail_abandoned(database)] == [jobs[0].id]
