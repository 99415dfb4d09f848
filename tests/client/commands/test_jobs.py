"""`fnt jobs …`."""

from __future__ import annotations

import pytest

from builders import make_snapshot
from fnt.errors import AuthError, NotFoundError, PartialError, RejectedError, UsageError
from fnt.wire.job_status import JobStatus
from fnt.wire.jobs import JobSnapshot
from fnt.wire.responses import Chunk
from world import FakeApi, World, completed, ended, make_terminal


def with_jobs(*jobs: JobSnapshot, **parts: object) -> World:
    return World(api=FakeApi(*jobs), **parts)  # type: ignore[arg-type]


def test_list() -> None:
    world = with_jobs(completed(job_id=9), make_snapshot(id=12, original_filename="a\x1b.pdf"))

    assert world.invoke("jobs", "list").exit_code == 0

    assert world.out.splitlines() == [
        "12  processing    0%  2026-03-01 12:00  a\\x1b.pdf",
        " 9  completed   100%  2026-03-01 12:00  novel.pdf",
    ]


def test_list_of_nothing() -> None:
    world = World()

    assert world.invoke("jobs", "list").exit_code == 0
    assert (world.out, world.err) == ("", "no jobs\n")


def test_list_by_status_and_number() -> None:
    world = with_jobs(*(completed(job_id=n) for n in range(1, 9)), make_snapshot())

    world.invoke("jobs", "list", "-q", "--status", "completed", "--limit", "2")

    assert world.out.split() == ["8", "7"]


def test_show_prints_details_and_failed_chunks() -> None:
    job = ended(JobStatus.FAILED, error_message="bad\x1b", error_code="PDF_DAMAGED")
    world = with_jobs(job)
    world.api.chunk_rows = [
        Chunk(
            chunk_id=1,
            start_page=1,
            end_page=9,
            status=JobStatus.COMPLETED,
            attempts=1,
            last_error=None,
            last_error_code=None,
        ),
        Chunk(
            chunk_id=2,
            start_page=10,
            end_page=19,
            status=JobStatus.FAILED,
            attempts=3,
            last_error="died",
            last_error_code="WORKER_LOST",
        ),
    ]

    world.invoke("jobs", "show", "12")

    lines = world.out.splitlines()
    assert "error      bad\\x1b" in lines
    assert lines[-1] == "chunk 2, pages 10-19: died (WORKER_LOST, attempt 3)"


def test_show_of_a_missing_job() -> None:
    assert isinstance(World().invoke("jobs", "show", "12").exception, NotFoundError)


def test_cancel_ignores_ended_jobs() -> None:
    world = with_jobs(make_snapshot(), completed(job_id=13))

    assert world.invoke("jobs", "cancel", "12", "13").exit_code == 0

    assert world.err.splitlines() == [
        "job 12 cancelled",
        "job 13 was already completed",
    ]


def test_retry_prints_the_new_job() -> None:
    world = with_jobs(ended(JobStatus.FAILED))

    world.invoke("jobs", "retry", "@latest")

    assert world.out == "112\n"
    assert world.api.calls == [("retry", 12, "key-1")]


def test_one_that_fails_does_not_stop_the_others() -> None:
    world = with_jobs(ended(JobStatus.FAILED))

    result = world.invoke("jobs", "retry", "99", "12")

    assert isinstance(result.exception, PartialError)
    assert world.out == "112\n"
    assert world.err.splitlines()[0] == "99: job not found"


class Refusing(FakeApi):
    """An API whose delete requests are rejected."""

    def __init__(self, error: Exception) -> None:
        super().__init__(*(make_snapshot(id=number) for number in (1, 2, 12)))
        self.error = error

    def delete(self, job_id: int) -> None:
        self.calls.append(("delete", job_id))
        raise self.error


def test_a_job_in_the_wrong_state_is_a_mistake_of_usage() -> None:
    world = World(api=Refusing(RejectedError("the job is running", code="CONFLICT")))

    error = world.invoke("jobs", "rm", "12", "-y").exception

    assert isinstance(error, UsageError)
    assert (error.message, error.code) == ("the job is running", "CONFLICT")


def test_a_login_that_ended_stops_at_once() -> None:
    world = World(api=Refusing(AuthError("the login ended")))

    assert isinstance(world.invoke("jobs", "rm", "1", "2", "-y").exception, AuthError)
    assert world.api.calls == [("delete", 1)]


@pytest.mark.parametrize(("answer", "removed"), [("y\n", True), ("\n", False)])
def test_rm_asks_first(answer: str, removed: bool) -> None:
    world = with_jobs(completed(), terminal=make_terminal(tty=True, stdin=answer))

    world.invoke("jobs", "rm", "12")

    assert (("delete", 12) in world.api.calls) is removed


def test_rm_without_anybody_to_ask_needs_a_yes() -> None:
    world = with_jobs(completed())

    assert isinstance(world.invoke("jobs", "rm", "12").exception, UsageError)
    assert world.invoke("jobs", "rm", "12", "--yes").exit_code == 0


@pytest.mark.parametrize("command", ["show", "list"])
def test_a_failed_job_shows_no_percent(command: str) -> None:
    world = with_jobs(ended(JobStatus.FAILED, progress_percent=100))

    world.invoke("jobs", command, *(["12"] if command == "show" else []))

    assert "failed" in world.out
    assert "%" not in world.out
