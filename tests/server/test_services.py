"""The databases that tests claim for themselves."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import redis

from server.own_services import own_redis
from server.services import REDIS_CLAIM, BrokerProcess, claim_database, claimed_redis, private_redis


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


def test_a_redis_that_is_given_is_shared_and_otherwise_one_is_run(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with own_redis() as port:
        given = f"redis://127.0.0.1:{port}/0"
        monkeypatch.setenv("FNT_TEST_REDIS_URL", given)
        with private_redis() as one, claimed_redis(given) as other:
            assert one.startswith(given.removesuffix("/0"))
            assert other.startswith(given.removesuffix("/0"))
            assert one != other
        monkeypatch.delenv("FNT_TEST_REDIS_URL")
        with private_redis() as mine, redis.Redis.from_url(mine) as database:
            assert not mine.startswith(given.removesuffix("/0"))
            assert database.ping()
