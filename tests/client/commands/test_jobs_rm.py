"""`fnt jobs rm`: jobs by number and by age."""

from __future__ import annotations

from datetime import timedelta

import pytest

from builders import make_snapshot
from fnt.errors import UsageError
from fnt.wire.jobs import JobSnapshot
from fnt.wire.times import Time
from world import Clock, FakeApi, World, completed, make_terminal


def with_jobs(*jobs: JobSnapshot, **parts: object) -> World:
    return World(api=FakeApi(*jobs), **parts)  # type: ignore[arg-type]


@pytest.mark.parametrize(("answer", "removed"), [("y\n", True), ("\n", False)])
def test_rm_asks_first(answer: str, removed: bool) -> None:
    world = with_jobs(completed(), terminal=make_terminal(tty=True, stdin=answer))

    world.invoke("jobs", "rm", "12")

    assert (("delete", 12) in world.api.calls) is removed


def test_rm_without_anybody_to_ask_needs_a_yes() -> None:
    world = with_jobs(completed())

    assert isinstance(world.invoke("jobs", "rm", "12").exception, UsageError)
    assert world.invoke("jobs", "rm", "12", "--yes").exit_code == 0


def aged(job_id: int, **age: float) -> JobSnapshot:
    """Return a job that ended so long ago by the clock of the tests."""
    ended = Clock().now() - timedelta(**age)
    return completed(job_id=job_id).replaced(completed_at=Time.of(ended))


def removed(world: World) -> list[int]:
    return [call[1] for call in world.api.calls if call[0] == "delete"]


@pytest.mark.parametrize(
    ("age", "gone"), [("12h", [1, 2, 3]), ("30d", [1, 2]), ("5w", [1]), ("1.5w", [1, 2])]
)
def test_older_than_removes_what_ended_before(age: str, gone: list[int]) -> None:
    jobs = [aged(3, days=1), aged(1, days=40), aged(2, days=31), aged(4, hours=1)]
    world = with_jobs(*jobs, make_snapshot(id=5))

    assert world.invoke("jobs", "rm", "--older-than", age, "--yes").exit_code == 0

    assert removed(world) == gone


def test_older_than_says_how_many_before_it_asks() -> None:
    world = with_jobs(aged(1, days=40), terminal=make_terminal(tty=True, stdin="n\n"))

    assert isinstance(world.invoke("jobs", "rm", "--older-than", "30d").exception, UsageError)

    assert "Remove 1 job that ended more than 30d ago with files and results?" in world.err
    assert removed(world) == []


def test_older_than_needs_a_yes_without_a_terminal() -> None:
    world = with_jobs(aged(1, days=40))

    error = world.invoke("jobs", "rm", "--older-than", "30d").exception
    assert isinstance(error, UsageError)
    assert error.hint == "pass --yes"
    assert removed(world) == []


def test_nothing_that_old_is_no_failure() -> None:
    world = with_jobs(aged(1, days=3))

    assert world.invoke("jobs", "rm", "--older-than", "30d").exit_code == 0
    assert world.err == "no jobs ended more than 30d ago\n"


@pytest.mark.parametrize("age", ["30", "30x", "", "-3d", "d", "1d2h", "30 days", "٣d", "1e9d"])
def test_an_age_that_cannot_be_read_removes_nothing(age: str) -> None:
    world = with_jobs(aged(1, days=4000))

    error = world.invoke("jobs", "rm", f"--older-than={age}", "--yes").exception

    assert isinstance(error, UsageError)
    assert removed(world) == []


def test_an_age_before_all_calendars_is_one() -> None:
    world = with_jobs(aged(1, days=4000))

    assert world.invoke("jobs", "rm", "--older-than", "99999999w", "-y").exit_code == 0
    assert removed(world) == []


@pytest.mark.parametrize("line", [[], ["1", "--older-than", "1d"]])
def test_jobs_or_an_age_but_not_both(line: list[str]) -> None:
    world = with_jobs(aged(1, days=4))

    assert isinstance(world.invoke("jobs", "rm", *line, "-y").exception, UsageError)
    assert removed(world) == []


def test_a_job_removed_meanwhile_is_removed() -> None:
    class Racing(FakeApi):
        def delete(self, job_id: int) -> None:
            self.jobs.pop(job_id, None)
            super().delete(job_id)

    world = World(api=Racing(aged(1, days=4), aged(2, days=4)))

    assert world.invoke("jobs", "rm", "--older-than", "1d", "-y").exit_code == 0
