"""The lease: renewed during the work, and its loss is noticed."""

from __future__ import annotations

from threading import Event
from typing import Any

import pytest
from sqlalchemy.exc import OperationalError

from e2e.harness import wait_for
from fnt_server.config.lease_length import LeaseLength
from fnt_server.db.connection import Database
from fnt_server.db.models import Step
from fnt_server.jobs import leases, state
from fnt_server.jobs.leases import ClaimedStep
from fnt_server.pipeline.engine_protocol import Stopped
from fnt_server.worker import lease_renewal
from fnt_server.worker.lease_renewal import Lease
from server.records import claim, expire, make_job

LEASE_S = 1.0


@pytest.fixture(params=["sqlite"])
def database_url(request: pytest.FixtureRequest, tmp_path: Any, migrated_sqlite: Any) -> str:
    """One kind of database: the lease knows none."""
    path = tmp_path / "fnt.db"
    path.write_bytes(migrated_sqlite.read_bytes())
    return f"sqlite:///{path}"


@pytest.fixture
def claimed(database: Database, user_id: int) -> ClaimedStep:
    make_job(database, user_id)
    return claim(database, lease_s=LEASE_S)


def hold(database: Database, claimed: ClaimedStep, **options: Any) -> Lease:
    length = LeaseLength(lease_s=LEASE_S)
    values: dict[str, Any] = {"length": length, "stopping": lambda: False, **options}
    return Lease(database, claimed, **values)


def ends_at(database: Database, claimed: ClaimedStep) -> float:
    with database.read() as session:
        return session.get_one(Step, claimed.step_id).lease_ends_at or 0.0


def test_a_lease_is_renewed_while_the_work_goes_on(
    database: Database, claimed: ClaimedStep
) -> None:
    first = ends_at(database, claimed)
    with hold(database, claimed) as kept:
        wait_for(
            lambda: ends_at(database, claimed) > first + LEASE_S, within_s=5, what="it was renewed"
        )

        assert kept.is_held()
        assert leases.reclaim_expired(database) == []


def test_a_lease_is_not_renewed_after_the_work(database: Database, claimed: ClaimedStep) -> None:
    with hold(database, claimed):
        pass
    before = ends_at(database, claimed)
    expire(database, claimed)

    assert before > ends_at(database, claimed)
    assert len(leases.reclaim_expired(database)) == 1


def test_a_cancelled_job_is_noticed(database: Database, claimed: ClaimedStep, user_id: int) -> None:
    with hold(database, claimed) as kept:
        state.cancel(database, user_id, claimed.job_id)
        wait_for(lambda: not kept.is_held(), within_s=5, what="the end is noticed")

        with pytest.raises(Stopped):
            kept.check()


def test_a_step_taken_back_is_noticed(database: Database, claimed: ClaimedStep) -> None:
    with hold(database, claimed) as kept:
        leases.release_all(database, worker_id="w")
        wait_for(lambda: not kept.is_held(), within_s=5, what="the loss is noticed")


def test_pause_ends_with_the_step(database: Database, claimed: ClaimedStep, user_id: int) -> None:
    with hold(database, claimed) as kept:
        kept.pause(0.01)
        state.cancel(database, user_id, claimed.job_id)
        with pytest.raises(Stopped):
            kept.pause(600)


def test_a_worker_told_to_stop_stops(database: Database, claimed: ClaimedStep) -> None:
    stop = Event()
    with hold(database, claimed, stopping=stop.is_set) as kept:
        assert kept.is_held()
        stop.set()

        with pytest.raises(Stopped):
            kept.pause(600)


def test_a_database_that_is_away_does_not_end_the_work(
    database: Database, claimed: ClaimedStep, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The fence decides in the end; a missed heartbeat alone is no reason to throw work away."""
    asked = Event()

    def away(*_: object, **__: object) -> bool:
        asked.set()
        raise OperationalError("SELECT", {}, Exception("away"))

    monkeypatch.setattr(
        lease_renewal.leases, "renew", away
    )  # a database cannot be asked to go away
    monkeypatch.setattr(lease_renewal.leases, "is_held", away)
    with hold(database, claimed) as kept:
        assert asked.wait(5)
        asked.clear()
        assert asked.wait(5)

        assert kept.is_held()
