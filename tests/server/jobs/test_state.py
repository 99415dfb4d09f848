"""The writer of jobs: one job per key, one file per job, one end; versions increase."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
from sqlalchemy import update

from fnt.wire.error_codes import ErrorCode, JobErrorCode
from fnt.wire.job_status import TERMINAL, JobStatus
from fnt.wire.jobs import JobSnapshot
from fnt_server.config.job_quotas import JobQuotas
from fnt_server.db.connection import Database
from fnt_server.db.models import Job, Step, StepKind, StepStatus
from fnt_server.jobs import creation, leases, queries, state, step_results, storage_quota
from fnt_server.jobs.creation import StoredFile
from fnt_server.jobs.state import JobRefused
from server.records import (
    at_once,
    claim,
    complete_chunk,
    complete_merge,
    fetch,
    fetch_steps,
    make_chunked,
    make_job,
    make_user,
    new_job,
    stored_file,
)

HOUR_S = 3600.0


def end_as(database: Database, user_id: int, job_id: int, status: JobStatus) -> None:
    """End a job that is being analysed."""
    if status is JobStatus.CANCELLED:
        assert state.cancel(database, user_id, job_id)
        return
    claimed = claim(database)
    if status is JobStatus.FAILED:
        step_results.fail(database, claimed, JobErrorCode.PDF_DAMAGED, "broken", certain=True)
    else:
        complete_merge(database, claimed)


def make_older(database: Database, job_id: int, seconds: float) -> None:
    with database.write() as session:
        row = update(Job).where(Job.id == job_id)
        session.execute(row.values(created_at=Job.created_at - seconds))


def test_confirm_takes_no_more_jobs_than_the_quotas_say(database: Database, user_id: int) -> None:
    quotas = JobQuotas(max_queued_jobs=3, max_user_jobs=2)
    other, third = make_user(database), make_user(database)

    def confirm(user: int, key: str | None = None) -> Job:
        return creation.confirm(database, new_job(user, idempotency_key=key), quotas=quotas)[0]

    first = confirm(user_id, "a")
    confirm(user_id)
    with pytest.raises(JobRefused) as refused:
        confirm(user_id)
    assert refused.value.code == ErrorCode.TOO_MANY_JOBS
    confirm(other)
    with pytest.raises(JobRefused) as refused:
        confirm(third)
    assert refused.value.code == ErrorCode.QUEUE_FULL

    assert confirm(user_id, "a").id == first.id
    state.cancel(database, user_id, first.id)
    assert confirm(third)


def test_confirms_at_once_make_no_more_jobs_than_a_user_may_have(
    database: Database, user_id: int
) -> None:
    quotas = JobQuotas(max_user_jobs=3)

    def confirm() -> bool:
        try:
            return creation.confirm(database, new_job(user_id), quotas=quotas)[1]
        except JobRefused as refused:
            assert refused.code is ErrorCode.TOO_MANY_JOBS
            return False

    assert at_once([confirm] * 10).count(True) == 3


def test_confirm_with_one_key_at_once_makes_one_job(database: Database, user_id: int) -> None:
    new = new_job(user_id, idempotency_key="k")

    found = at_once([lambda: creation.confirm(database, new)] * 20)

    assert len({job.id for job, _ in found}) == 1
    assert [created for _, created in found].count(True) == 1


def test_files_sent_at_once_store_no_more_than_the_quota(database: Database, user_id: int) -> None:
    jobs = [creation.confirm(database, new_job(user_id))[0].id for _ in range(10)]

    def attach(job_id: int) -> bool:
        file = StoredFile(key=f"k{job_id}", sha256=f"{job_id:064x}", size_bytes=100)
        try:
            return creation.attach_file(database, job_id, file, quota_bytes=250)[1]
        except JobRefused as refused:
            assert refused.code is ErrorCode.QUOTA_EXCEEDED
            return False

    assert at_once([partial(attach, job_id) for job_id in jobs]).count(True) == 2
    assert storage_quota.used_bytes(database, user_id) == 200


def test_confirm_refuses_a_key_used_for_another_request(database: Database, user_id: int) -> None:
    creation.confirm(database, new_job(user_id, idempotency_key="k"))

    with pytest.raises(JobRefused) as refused:
        creation.confirm(database, new_job(user_id, idempotency_key="k", request_hash="1" * 64))

    assert refused.value.code is ErrorCode.CONFLICT


def test_confirm_keeps_the_keys_of_users_apart(database: Database, user_id: int) -> None:
    mine, _ = creation.confirm(database, new_job(user_id, idempotency_key="k"))
    of_this_user, created = creation.confirm(
        database, new_job(make_user(database), idempotency_key="k")
    )

    assert created
    assert mine.id != of_this_user.id


def test_confirm_without_key_makes_a_job_each_time(database: Database, user_id: int) -> None:
    ids = {creation.confirm(database, new_job(user_id))[0].id for _ in range(3)}

    assert len(ids) == 3


def test_attach_file_lets_one_of_many_files_win(database: Database, user_id: int) -> None:
    job = make_job(database, user_id, file=None)

    def attach(number: int) -> str | ErrorCode:
        try:
            return creation.attach_file(database, job.id, stored_file(number))[0].sha256 or ""
        except JobRefused as refused:
            return refused.code

    answers = at_once([partial(attach, number) for number in range(20)])

    assert answers.count(ErrorCode.CONFLICT) == 19
    assert fetch(database, job.id).sha256 in answers
    assert len(fetch_steps(database, job.id)) == 1


def test_attach_file_answers_the_same_bytes_as_the_first_time(
    database: Database, user_id: int
) -> None:
    job = make_job(database, user_id, file=None)

    answers = at_once([lambda: creation.attach_file(database, job.id, stored_file())] * 10)

    assert [is_new for _, is_new in answers].count(True) == 1
    assert {answer.version for answer, _ in answers} == {2}
    assert len(fetch_steps(database, job.id)) == 1


def test_attach_file_refuses_an_ended_and_an_unknown_job(database: Database, user_id: int) -> None:
    job = make_job(database, user_id, file=None)
    state.cancel(database, user_id, job.id)

    for job_id, code in ((job.id, ErrorCode.CONFLICT), (job.id + 1, ErrorCode.JOB_NOT_FOUND)):
        with pytest.raises(JobRefused) as refused:
            creation.attach_file(database, job_id, stored_file())
        assert refused.value.code is code
    assert fetch_steps(database, job.id) == []


def test_attach_file_racing_cancel_leaves_no_step_to_take(database: Database, user_id: int) -> None:
    for _ in range(10):
        job = make_job(database, user_id, file=None)

        def attach(job_id: int = job.id) -> object:
            try:
                return creation.attach_file(database, job_id, stored_file())
            except JobRefused:
                return None

        at_once([attach, partial(state.cancel, database, user_id, job.id)])

        assert fetch(database, job.id).status == JobStatus.CANCELLED
        assert leases.claim(database, owner="w", lease_s=9) is None


def test_advance_raises_the_version_by_one_and_never_lowers_progress(
    database: Database, user_id: int
) -> None:
    job = make_job(database, user_id)

    for progress, expected in ((40, 40), (15, 40), (41, 41)):
        before = fetch(database, job.id).version
        with database.write() as session:
            advanced = state.advance(session, job.id, progress=progress)
            assert advanced is not None
            assert advanced.progress_percent == expected
            assert advanced.version == before + 1


def test_advance_at_once_gives_each_change_a_version_of_its_own(
    database: Database, user_id: int
) -> None:
    job = make_job(database, user_id)

    def advance(progress: int) -> int:
        with database.write() as session:
            advanced = state.advance(session, job.id, progress=progress)
            assert advanced is not None
            return advanced.version

    versions = at_once([partial(advance, progress) for progress in range(12)])

    assert sorted(versions) == list(range(job.version + 1, job.version + 13))
    assert fetch(database, job.id).progress_percent == 11


@pytest.mark.parametrize("status", sorted(TERMINAL))
def test_an_ended_job_never_changes(database: Database, user_id: int, status: JobStatus) -> None:
    job = make_job(database, user_id)
    end_as(database, user_id, job.id, status)
    ended = queries.snapshot(fetch(database, job.id))

    with database.write() as session:
        assert state.advance(session, job.id, progress=100) is None
        assert state.fail(session, job.id, JobErrorCode.INTERNAL, "late") is None
    found = state.cancel(database, user_id, job.id)

    assert found is not None
    assert found[1] is False
    assert ended.status is status
    assert ended.completed_at is not None
    assert queries.snapshot(fetch(database, job.id)) == ended == queries.snapshot(found[0])


def test_cancel_keeps_the_percent_and_drops_the_steps(database: Database, user_id: int) -> None:
    job = make_chunked(database, user_id, chunks=4)
    complete_chunk(database, claim(database))
    claim(database)

    found = state.cancel(database, user_id, job.id)

    assert found is not None
    assert (found[0].progress_percent, found[0].current_step) == (30, "Cancelled")
    left = [step.status for step in fetch_steps(database, job.id)]
    assert left == [StepStatus.DONE] * 2 + [StepStatus.DROPPED] * 3


def test_cancel_of_anothers_job_is_as_of_one_unknown(database: Database, user_id: int) -> None:
    job, stranger = make_job(database, user_id), make_user(database)

    assert state.cancel(database, stranger, job.id) is None
    assert state.cancel(database, stranger, job.id + 1) is None
    assert fetch(database, job.id).status == JobStatus.PENDING
    assert [step.status for step in fetch_steps(database, job.id)] == [StepStatus.READY]


def test_delete_refuses_a_running_job(database: Database, user_id: int) -> None:
    job = make_job(database, user_id)

    with pytest.raises(JobRefused):
        state.delete_job(database, user_id, job.id)

    assert fetch(database, job.id)


def test_delete_takes_the_steps_with_it_and_only_ones_own(database: Database, user_id: int) -> None:
    job = make_job(database, user_id)
    state.cancel(database, user_id, job.id)

    assert not state.delete_job(database, make_user(database), job.id)
    assert state.delete_job(database, user_id, job.id)
    assert not state.delete_job(database, user_id, job.id)
    assert fetch_steps(database, job.id) == []


def test_delete_never_frees_the_number(database: Database, user_id: int) -> None:
    job = make_job(database, user_id, file=None)

    state.delete_job(database, user_id, job.id)

    assert make_job(database, user_id, file=None).id > job.id


def test_abandon_fails_old_jobs_without_file_alone(database: Database, user_id: int) -> None:
    old, fresh = (make_job(database, user_id, file=None) for _ in range(2))
    uploaded = make_job(database, user_id)
    for job in (old, uploaded):
        make_older(database, job.id, 7 * HOUR_S)
    make_older(database, fresh.id, 5 * HOUR_S)

    abandoned = creation.fail_abandoned(database)

    assert [job.id for job in abandoned] == [old.id]
    assert abandoned[0].error_code == JobErrorCode.UPLOAD_ABANDONED
    assert abandoned[0].progress_percent == 100


def list_all(database: Database, user_id: int, **filters: Any) -> list[int]:
    return [job.id for job in queries.list_jobs(database, user_id, **{"limit": 50, **filters})]


def test_list_jobs_shows_ones_own_newest_first(database: Database, user_id: int) -> None:
    mine = [make_job(database, user_id, file=None).id for _ in range(3)]
    of_this_user = make_job(database, make_user(database), file=None).id

    assert list_all(database, user_id) == mine[::-1]
    assert list_all(database, user_id, limit=2) == mine[:0:-1]
    assert list_all(database, user_id, before_id=mine[1]) == [mine[0]]
    assert list_all(database, user_id, ids=[mine[1], of_this_user]) == [mine[1]]
    assert list_all(database, user_id, ids=[]) == []


def test_list_jobs_by_status_and_by_file(database: Database, user_id: int) -> None:
    pending = make_job(database, user_id, file=None).id
    cancelled = make_job(database, user_id, file=stored_file(7)).id
    state.cancel(database, user_id, cancelled)

    assert list_all(database, user_id, statuses=["cancelled", "failed"]) == [cancelled]
    assert list_all(database, user_id, statuses=["pending"]) == [pending]
    assert list_all(database, user_id, sha256=stored_file(7).sha256) == [cancelled]


def test_snapshot_travels_under_2_kb(database: Database, user_id: int) -> None:
    new = new_job(user_id, original_filename="é" * 255, idempotency_key="k" * 200)
    job, _ = creation.confirm(database, new)
    creation.attach_file(database, job.id, stored_file())
    claimed = claim(database)
    step_results.record_page_count(database, claimed, page_count=5000, chunks=157)
    step_results.fail(database, claimed, JobErrorCode.PDF_DAMAGED, "x" * 900, certain=True)
    wire = queries.snapshot(fetch(database, job.id)).to_wire()

    text = str(wire).encode()

    assert len(text) < 2048
    assert JobSnapshot.from_wire(wire).to_wire() == wire
    assert len(wire["error_message"]) == 500


Race = Callable[[Database, int, Job], list[Callable[[], Job | None]]]


@pytest.mark.parametrize("rounds", [6])
def test_cancel_racing_completion_ends_the_job_once(
    database: Database, user_id: int, rounds: int
) -> None:
    for _ in range(rounds):
        job = make_chunked(database, user_id, chunks=6)
        claimed = [claim(database) for _ in range(6)]

        def finish(step: leases.ClaimedStep) -> Job | None:
            try:
                return complete_chunk(database, step)
            except leases.LeaseLostError:
                return None

        def stop(job_id: int = job.id) -> Job | None:
            found = state.cancel(database, user_id, job_id)
            return found[0] if found and found[1] else None

        changed = at_once([*(partial(finish, step) for step in claimed), stop, stop])

        ended = [row for row in changed if row is not None and row.status in TERMINAL]
        versions = [row.version for row in changed if row is not None]
        assert [row.status for row in ended] == [JobStatus.CANCELLED]
        assert max(versions) == ended[0].version == fetch(database, job.id).version
        assert len(set(versions)) == len(versions)
        assert leases.claim(database, owner="w", lease_s=9) is None


def test_cancel_racing_the_merge_ends_the_job_once(database: Database, user_id: int) -> None:
    seen = set()
    for _ in range(10):
        job = make_chunked(database, user_id, chunks=1)
        complete_chunk(database, claim(database))
        merge = claim(database)
        assert merge.kind is StepKind.MERGE

        def finish(step: leases.ClaimedStep = merge) -> bool:
            try:
                return complete_merge(database, step) is not None
            except leases.LeaseLostError:
                return False

        def stop(job_id: int = job.id) -> bool:
            found = state.cancel(database, user_id, job_id)
            return found is not None and found[1]

        wins = at_once([finish, stop])

        after = fetch(database, job.id)
        assert wins.count(True) == 1
        assert after.status == (JobStatus.COMPLETED if wins[0] else JobStatus.CANCELLED)
        seen.add(after.status)
        assert not {s.status for s in fetch_steps(database, job.id)} & {
            StepStatus.READY,
            StepStatus.RUNNING,
        }
    assert seen <= TERMINAL


def test_delete_of_a_user_takes_jobs_and_steps(database: Database, user_id: int) -> None:
    job = make_chunked(database, user_id, chunks=2)
    with database.write() as session:
        session.delete(session.get_one(state.Job, job.id))

    with database.read() as session:
        assert session.query(Step).count() == 0
