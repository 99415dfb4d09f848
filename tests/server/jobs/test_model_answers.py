"""What models answered: kept for one user, with the newest job that used it, up to a limit."""

from __future__ import annotations

from itertools import cycle, islice

import pytest
from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError

from fnt_server.auth import users
from fnt_server.db.connection import Database
from fnt_server.db.models import ModelAnswer, User
from fnt_server.jobs import model_answers, state
from server.records import at_once, make_job, make_user

PIECES = ["Le vent tomba.", "Personne ne dit « rien » \x00."]


def keys(count: int, *, first: int = 0) -> list[str]:
    return [f"{number:064x}" for number in range(first, first + count)]


def add(database: Database, user_id: int, job_id: int, *, count: int = 3, first: int = 0) -> None:
    model_answers.add(
        database,
        user_id=user_id,
        job_id=job_id,
        answers=dict.fromkeys(keys(count, first=first), PIECES),
    )


def find(database: Database, user_id: int, job_id: int, *, count: int = 3) -> dict[str, list[str]]:
    return model_answers.find(database, user_id=user_id, job_id=job_id, keys=keys(count))


def count_all(database: Database) -> int:
    with database.read() as session:
        return session.scalar(select(func.count()).select_from(ModelAnswer)) or 0


@pytest.fixture
def jobs(database: Database, user_id: int) -> list[int]:
    """Three jobs of a user, the oldest first."""
    return [make_job(database, user_id, file=None).id for _ in range(3)]


def test_an_answer_is_found_by_its_user_alone(
    database: Database, user_id: int, jobs: list[int]
) -> None:
    other = make_user(database)
    add(database, user_id, jobs[0])

    assert find(database, user_id, jobs[1], count=5) == dict.fromkeys(keys(3), PIECES)
    assert find(database, other, make_job(database, other, file=None).id) == {}


def test_many_keys_are_looked_up(database: Database, user_id: int, jobs: list[int]) -> None:
    add(database, user_id, jobs[0], count=1200)

    assert len(find(database, user_id, jobs[0], count=3000)) == 1200


def test_an_answer_goes_with_the_newest_job_that_used_it(
    database: Database, user_id: int, jobs: list[int]
) -> None:
    add(database, user_id, jobs[0])
    find(database, user_id, jobs[1], count=2)
    find(database, user_id, jobs[0])  # an older one that is tried again takes nothing over

    with database.write() as session:
        state.delete_rows(session, [jobs[0]])
    assert sorted(find(database, user_id, jobs[2])) == keys(2)
    with database.write() as session:
        state.delete_rows(session, jobs)
    assert count_all(database) == 0


def test_answers_go_with_their_user(database: Database, user_id: int, jobs: list[int]) -> None:
    add(database, user_id, jobs[0])
    with database.read() as session:
        email = session.get_one(User, user_id).email

    users.remove_user(database, email)

    assert count_all(database) == 0


def test_over_the_limit_the_answers_of_the_oldest_jobs_go(
    database: Database, user_id: int, jobs: list[int]
) -> None:
    other = make_user(database)
    add(database, other, make_job(database, other, file=None).id)
    for number, job_id in enumerate(jobs):
        add(database, user_id, job_id, count=10, first=10 * number)
    with database.read() as session:
        one = session.scalar(select(func.max(ModelAnswer.size))) or 0

    model_answers.trim(database, user_id=user_id, max_bytes=30 * one)
    assert count_all(database) == 33
    model_answers.trim(database, user_id=user_id, max_bytes=23 * one)

    found = model_answers.find(database, user_id=user_id, job_id=jobs[2], keys=keys(30))
    assert len(found) == 20
    assert set(keys(20, first=10)) == set(found)
    model_answers.trim(database, user_id=user_id, max_bytes=0)
    assert count_all(database) == 3


def test_jobs_that_answer_the_same_at_once_do_not_disturb_each_other(
    database: Database, user_id: int, jobs: list[int]
) -> None:
    at_once([lambda job=job: add(database, user_id, job, count=200) for job in jobs * 2])  # type: ignore[misc]
    owners = islice(cycle(jobs), 6)
    found = at_once([lambda job=job: find(database, user_id, job, count=200) for job in owners])  # type: ignore[misc]

    assert {len(one) for one in found} == {200}


def test_an_answer_of_a_job_that_is_gone_is_not_kept(
    database: Database, user_id: int, jobs: list[int]
) -> None:
    with database.write() as session:
        state.delete_rows(session, [jobs[0]])

    with pytest.raises(IntegrityError):
        add(database, user_id, jobs[0])
