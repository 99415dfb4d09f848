"""`fnt jobs …`."""

from __future__ import annotations

from datetime import UTC, timedelta

import pytest

from builders import make_snapshot
from fnt.errors import AuthError, NotFoundError, PartialError, RejectedError, UsageError
from fnt.wire.job_status import JobStatus
from fnt.wire.jobs import JobSnapshot, JobWarning, PieceQuality
from fnt.wire.responses import Chunk, ExpiringJobs
from fnt.wire.times import Time
from world import FakeApi, World, completed, ended


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
    assert world.err.splitlines()[0] == "job 99 not found"


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


@pytest.mark.parametrize("command", ["show", "list"])
def test_a_failed_job_shows_no_percent(command: str) -> None:
    world = with_jobs(ended(JobStatus.FAILED, progress_percent=100))

    world.invoke("jobs", command, *(["12"] if command == "show" else []))

    assert "failed" in world.out
    assert "%" not in world.out


def expiring_in(days: float) -> JobSnapshot:
    job = completed(job_id=9)
    return job.replaced(expires_at=Time.of(job.updated_at + timedelta(days=days)))


def test_list_shows_when_jobs_expire() -> None:
    world = with_jobs(expiring_in(30), make_snapshot(id=12, original_filename="a.pdf"))

    world.invoke("jobs", "list")

    assert world.out.splitlines() == [
        "12  processing    0%  2026-03-01 12:00                      a.pdf",
        " 9  completed   100%  2026-03-01 12:00  expires 2026-03-31  novel.pdf",
    ]
    assert world.err == ""


def test_list_warns_of_jobs_about_to_be_deleted() -> None:
    world = with_jobs(expiring_in(30))
    world.api.expiring = ExpiringJobs(count=2, first_at=Time(2026, 3, 31, tzinfo=UTC))

    world.invoke("jobs", "list")

    assert world.err == (
        "2 jobs are about to be deleted, the first on 2026-03-31: "
        "save results with fnt download JOB…\n"
    )


def test_show_tells_when_a_job_expires() -> None:
    world = with_jobs(expiring_in(30))

    world.invoke("jobs", "show", "9")

    assert "expires    2026-03-31T12:00:00.000Z" in world.out


def test_show_tells_quality_and_warnings() -> None:
    quality = PieceQuality(
        pieces=1200, end_with_clause=1000, cut_in_clause=200, with_finite_verb=900
    )
    warning = JobWarning(code="NEW\x1b", pages="7", message="1 page is odd\x1b[2J")
    world = with_jobs(completed(job_id=9, quality=quality, warnings=(warning,)))

    world.invoke("jobs", "show", "9")

    assert (
        "quality    1 000 of 1 200 pieces end with a clause, 200 are cut inside one, "
        "900 have a finite verb"
    ) in world.out.splitlines()
    assert "warning    1 page is odd\\x1b[2J (page 7)" in world.out.splitlines()
