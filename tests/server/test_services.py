"""The databases that tests claim for themselves."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import redis

from server.services import REDIS_CLAIM, BrokerProcess, claim_database


@pytest.fixture
def database(broker_process: BrokerProcess) -> Iterator[redis.Redis]:
    """A database nobody uses."""
    with redis.Redis.from_url(broker_process.url, db=9) as database:
        yield database
        database.flushdb()


def test_a_database_is_claimed_once(database: redis.Redis) -> None:
    assert claim_database(database)
    assert not claim_database(database)
    assert 0 < database.ttl(REDIS_CLAIM) <= 60


def test_a_database_with_somebodys_keys_is_left_alone(database: redis.Redis) -> None:
    database.set("session:1", "somebody's")

    assert not claim_database(database)
    assert database.keys() == [b"session:1"]


def test_what_a_killed_run_left_is_taken_over_when_its_claim_has_expired(
    database: redis.Redis,
) -> None:
    assert claim_database(database)
    database.set("left behind", "1")

    database.delete(REDIS_CLAIM)

    assert claim_database(database)
    assert not database.exists("left behind")
