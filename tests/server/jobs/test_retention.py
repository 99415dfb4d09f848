"""How long finished jobs are kept: what the setting promises, raised, lowered and unset."""

from __future__ import annotations

from itertools import chain

import pytest
from sqlalchemy import select

from fnt.wire.structs import UNSET
from fnt_server.db.connection import Database, clock
from fnt_server.db.models import DAY_S, Job, RetentionRule
from fnt_server.jobs import queries, retention, state
from server.aging import make_older
from server.records import (
    at_once,
    claim,
    complete_chunk,
    complete_merge,
    fetch,
    fetch_steps,
    make_chunked,
    make_job,
)


@pytest.fixture
def done(database: Database, user_id: int) -> int:
    """A completed job."""
    job = make_chunked(database, user_id, chunks=1)
    complete_chunk(database, claim(database))
    complete_merge(database, claim(database))
    return job.id


def days_left(database: Database, job_id: int) -> float | None:
    with database.read() as session:
        expires_at = session.get_one(Job, job_id).expires_at
        return None if expires_at is None else (expires_at - clock(session)) / DAY_S


def end_earlier(database: Database, *, days: float) -> None:
    make_older(database, Job.completed_at, seconds=days * DAY_S)


def pass_days(database: Database, days: float) -> None:
    end_earlier(database, days=days)
    make_older(database, RetentionRule.since, seconds=days * DAY_S)


def test_without_a_setting_a_job_is_kept_and_says_nothing(database: Database, done: int) -> None:
    retention.apply_setting(database, 0)
    end_earlier(database, days=10_000)

    assert retention.delete_expired(database) == []
    assert "expires_at" not in queries.snapshot(fetch(database, done)).to_wire()


def test_the_first_setting_deletes_nothing_at_once(database: Database, done: int) -> None:
    end_earlier(database, days=10_000)
    retention.apply_setting(database, 30)

    assert days_left(database, done) == pytest.approx(30, abs=0.01)
    assert retention.delete_expired(database) == []


def test_a_restart_with_the_same_setting_moves_nothing(database: Database, done: int) -> None:
    retention.apply_setting(database, 30)
    pass_days(database, 29)
    retention.apply_setting(database, 30)

    assert days_left(database, done) == pytest.approx(1, abs=0.01)
    pass_days(database, 2)
    assert retention.delete_expired(database) == [done]
    assert fetch_steps(database, done) == []


def test_a_job_that_ended_later_counts_from_its_end(database: Database, done: int) -> None:
    retention.apply_setting(database, 30)
    make_older(database, RetentionRule.since, seconds=100 * DAY_S)

    assert days_left(database, done) == pytest.approx(30, abs=0.01)


def test_raised_it_counts_from_where_it_did(database: Database, done: int) -> None:
    retention.apply_setting(database, 30)
    pass_days(database, 20)
    retention.apply_setting(database, 60)

    assert days_left(database, done) == pytest.approx(40, abs=0.01)


def test_lowered_it_deletes_nothing_at_once_and_keeps_nothing_longer(
    database: Database, done: int
) -> None:
    retention.apply_setting(database, 60)
    pass_days(database, 50)
    retention.apply_setting(database, 5)
    assert days_left(database, done) == pytest.approx(5, abs=0.01)

    pass_days(database, 3)
    retention.apply_setting(database, 4)  # lowered again and again
    assert days_left(database, done) == pytest.approx(2, abs=0.01)
    retention.apply_setting(database, 60)
    assert days_left(database, done) == pytest.approx(7, abs=0.01)


def test_unset_it_keeps_jobs_and_set_again_it_begins_anew(database: Database, done: int) -> None:
    retention.apply_setting(database, 30)
    pass_days(database, 31)
    retention.apply_setting(database, 0)
    assert retention.delete_expired(database) == []

    retention.apply_setting(database, 30)
    assert days_left(database, done) == pytest.approx(30, abs=0.01)


def test_processes_that_start_together_agree(database: Database, done: int) -> None:
    at_once([lambda: retention.apply_setting(database, 30)] * 4)

    with database.read() as session:
        assert [rule.days for rule in session.scalars(select(RetentionRule))] == [30]


def test_what_has_not_ended_does_not_expire(database: Database, user_id: int) -> None:
    retention.apply_setting(database, 1)
    running, waiting = make_job(database, user_id), make_job(database, user_id, file=None)
    make_older(database, Job.created_at, seconds=9 * DAY_S)
    pass_days(database, 9)

    assert retention.delete_expired(database) == []
    assert days_left(database, running.id) is None
    assert queries.snapshot(fetch(database, waiting.id)).expires_at is UNSET


def test_the_snapshot_of_the_last_event_tells_it(database: Database, user_id: int) -> None:
    retention.apply_setting(database, 30)
    job = make_chunked(database, user_id, chunks=1)
    complete_chunk(database, claim(database))
    ended = complete_merge(database, claim(database))
    assert ended is not None
    told = queries.snapshot(ended)
    assert told.expires_at is not UNSET
    assert told.completed_at is not None
    assert (told.expires_at - told.completed_at).total_seconds() == pytest.approx(30 * DAY_S)

    other = make_job(database, user_id)
    cancelled = state.cancel(database, user_id, other.id)
    assert cancelled is not None
    assert queries.snapshot(cancelled[0]).expires_at is not UNSET
    assert queries.snapshot(fetch(database, job.id)).expires_at == told.expires_at


def test_many_expire_in_small_transactions_of_several_processes(
    database: Database, user_id: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retention, "DELETED_AT_ONCE", 3)
    retention.apply_setting(database, 1)
    ids = [make_job(database, user_id).id for _ in range(20)]
    for job_id in ids:
        state.cancel(database, user_id, job_id)
    pass_days(database, 2)

    def delete_all() -> list[int]:
        deleted = []
        while some := retention.delete_expired(database):
            assert len(some) <= 3
            deleted += some
        return deleted

    assert sorted(chain.from_iterable(at_once([delete_all] * 4))) == ids


def test_users_are_told_of_what_expires_soon(database: Database, user_id: int, done: int) -> None:
    retention.apply_setting(database, 30)
    assert retention.expiring_soon(database, user_id) is None
    pass_days(database, 24)

    soon = retention.expiring_soon(database, user_id)
    assert soon is not None
    assert (soon.count, soon.first_at) == (1, fetch(database, done).expires_at)
    assert retention.expiring_soon(database, user_id + 1) is None
