"""The writer of steps: fairness, fences, attempts, losses, and a single merge."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from threading import Thread
from typing import Any

import pytest
from sqlalchemy import event, text, update

from e2e.harness import wait_for
from fnt.wire.error_codes import JobErrorCode
from fnt.wire.job_status import JobStatus
from fnt_server.db.connection import Database
from fnt_server.db.models import Job, Step, StepKind, StepStatus, Worker
from fnt_server.jobs import leases, queries, retry_policy, state, step_results, worker_registry
from fnt_server.jobs.leases import ClaimedStep, LeaseLostError
from server.records import (
    LEASE_S,
    at_once,
    claim,
    complete_chunk,
    complete_merge,
    expire,
    fetch,
    fetch_steps,
    make_chunked,
    make_due,
    make_job,
    make_user,
    plan,
    take_chunks,
)


def step_of(database: Database, claimed: ClaimedStep) -> Step:
    with database.read() as session:
        return session.get_one(Step, claimed.step_id)


def test_a_job_goes_through_its_checkpoints(database: Database, user_id: int) -> None:
    job_id = make_job(database, user_id).id
    told = []

    claimed = leases.claim(database, owner="w", lease_s=LEASE_S)
    assert claimed is not None
    analysis, begun = claimed
    told.append(begun)
    told.append(step_results.record_page_count(database, analysis, page_count=90, chunks=3))
    told.append(step_results.complete_analysis(database, analysis, plan(3)))
    told += [complete_chunk(database, claim(database)) for _ in range(3)]
    claimed = leases.claim(database, owner="w", lease_s=LEASE_S)
    assert claimed is not None
    told += [claimed[1], complete_merge(database, claimed[0])]

    seen = [(job.progress_percent, job.current_step) for job in told if job is not None]
    assert seen == [
        (5, "Analyzing PDF"),
        (10, "Splitting into 3 chunks"),
        (15, "Processing chunks (0/3)"),
        (35, "Processing chunks (1/3)"),
        (55, "Processing chunks (2/3)"),
        (75, "Processing chunks (3/3)"),
        (75, "Merging results"),
        (100, "Completed"),
    ]
    versions = [job.version for job in told if job is not None]
    assert versions == list(range(3, 11))
    assert fetch(database, job_id).status == JobStatus.COMPLETED
    assert leases.claim(database, owner="w", lease_s=LEASE_S) is None


def test_take_at_once_gives_each_step_to_one(database: Database, user_id: int) -> None:
    make_chunked(database, user_id, chunks=8)

    def grab() -> ClaimedStep | None:
        claimed = leases.claim(database, owner="w", lease_s=LEASE_S)
        return claimed[0] if claimed else None

    claimed = [step for step in at_once([grab] * 12) if step is not None]

    assert sorted(step.number for step in claimed) == list(range(8))


def test_take_prefers_the_user_with_the_fewest_running_steps(
    database: Database, user_id: int
) -> None:
    """A short job waits neither behind another user's long one nor behind many of them."""
    make_chunked(database, user_id, chunks=6)
    claim(database)
    late_user = make_user(database)
    late = make_job(database, late_user)

    assert claim(database).job_id == late.id
    assert claim(database).job_id != late.id


def test_take_counts_running_steps_before_the_time_waited(database: Database, user_id: int) -> None:
    other = make_user(database)
    make_chunked(database, user_id, chunks=3)
    busy = [claim(database), claim(database)]
    make_job(database, other)
    lately = make_job(database, other)
    leases.release(database, served := claim(database))

    assert served.job_id == lately.id - 1
    assert claim(database).job_id == served.job_id != busy[0].job_id


def test_take_prefers_the_job_with_the_fewest_running_steps(
    database: Database, user_id: int
) -> None:
    long = make_chunked(database, user_id, chunks=6)
    assert claim(database).job_id == long.id
    short = make_job(database, user_id)

    assert [claim(database).job_id for _ in range(3)] == [short.id, long.id, long.id]


def test_take_goes_round_among_the_users(database: Database, user_id: int) -> None:
    """One book is not behind the hundred of others who came before and have none running."""
    others = [make_user(database) for _ in range(3)]
    for other in others * 4:
        make_job(database, other)
    first = {finish_one(database) for _ in others}
    late = make_job(database, user_id)

    assert len(first) == 3
    assert finish_one(database) == user_id
    assert fetch(database, late.id).status == JobStatus.FAILED
    assert len({finish_one(database) for _ in others}) == 3


def finish_one(database: Database) -> int:
    """Take a step and end its job; returns whose it was."""
    claimed = claim(database)
    step_results.fail(database, claimed, JobErrorCode.PDF_DAMAGED, "no", certain=True)
    return fetch(database, claimed.job_id).user_id


def test_take_leaves_a_step_whose_pause_is_not_over(database: Database, user_id: int) -> None:
    make_job(database, user_id)
    step_results.fail(database, claim(database), JobErrorCode.INTERNAL, "once", certain=False)

    assert leases.claim(database, owner="w", lease_s=LEASE_S) is None
    assert leases.count_ready(database) == 0
    make_due(database)
    assert leases.count_ready(database) == 1
    assert claim(database)


def test_chunks_completed_at_once_add_one_merge(database: Database, user_id: int) -> None:
    for _ in range(3):
        job, claimed = take_chunks(database, user_id, chunks=10)

        told = at_once([partial(complete_chunk, database, step) for step in claimed])

        versions = sorted(row.version for row in told if row is not None)
        assert versions == list(range(job.version + 1, job.version + 11))
        merges = [s for s in fetch_steps(database, job.id) if s.kind == StepKind.MERGE]
        assert [merge.status for merge in merges] == [StepStatus.READY]
        assert fetch(database, job.id).processed_chunks == 10
        state.cancel(database, user_id, job.id)


def test_chunk_outputs_come_in_the_order_of_the_chunks(database: Database, user_id: int) -> None:
    _, claimed = take_chunks(database, user_id, chunks=12)
    for step in reversed(claimed):
        complete_chunk(database, step)

    outputs = step_results.chunk_outputs(database, claim(database))

    assert outputs == [f"out/{number}" for number in range(12)]


def stale(database: Database) -> ClaimedStep:
    """Hold a step that was reclaimed and is now another's."""
    claimed = claim(database)
    expire(database, claimed)
    leases.reclaim_expired(database)
    assert claim(database).fence == claimed.fence + 2
    return claimed


@pytest.mark.parametrize(
    "write",
    [
        lambda db, claimed: leases.renew(db, claimed, lease_s=99),
        lambda db, claimed: step_results.record_page_count(db, claimed, page_count=9, chunks=9),
        lambda db, claimed: step_results.complete_analysis(db, claimed, plan(9)),
        complete_chunk,
        complete_merge,
        lambda db, claimed: step_results.fail(
            db, claimed, JobErrorCode.INTERNAL, "late", certain=True
        ),
    ],
    ids=["renew", "tell_pages", "complete_analysis", "complete_chunk", "complete_merge", "fail"],
)
@pytest.mark.parametrize("kind", ["analyse", "chunk"])
def test_a_stalled_holder_changes_nothing(
    database: Database, user_id: int, write: object, kind: str
) -> None:
    if kind == "analyse":
        job_id = make_job(database, user_id).id
    else:
        job_id = make_chunked(database, user_id, chunks=1).id
    claimed = stale(database)
    job_before = queries.snapshot(fetch(database, job_id))
    fences = [(s.kind, s.status, s.fence, s.attempts) for s in fetch_steps(database, job_id)]

    with pytest.raises(LeaseLostError):
        write(database, claimed)  # type: ignore[operator]
    leases.release(database, claimed)

    assert not leases.is_held(database, claimed)
    assert queries.snapshot(fetch(database, job_id)) == job_before
    after = [(s.kind, s.status, s.fence, s.attempts) for s in fetch_steps(database, job_id)]
    assert after == fences


def test_a_stalled_holder_of_a_deleted_job_changes_no_other_job(
    database: Database, user_id: int
) -> None:
    job, (stalled, _) = take_chunks(database, user_id, chunks=2)
    state.cancel(database, user_id, job.id)
    state.delete_job(database, user_id, job.id)
    _, others = take_chunks(database, user_id, chunks=2)

    assert not leases.is_held(database, stalled)
    with pytest.raises(LeaseLostError):
        complete_chunk(database, stalled)
    assert all(leases.is_held(database, claimed) for claimed in others)


def test_a_lease_kept_alive_is_not_taken_back(database: Database, user_id: int) -> None:
    make_job(database, user_id)
    claimed = claim(database)
    expire(database, claimed)
    leases.renew(database, claimed, lease_s=LEASE_S)

    assert leases.reclaim_expired(database) == []
    assert leases.is_held(database, claimed)


def test_take_back_by_many_counts_a_loss_once(database: Database, user_id: int) -> None:
    job = make_chunked(database, user_id, chunks=4)
    claimed = [claim(database) for _ in range(4)]
    for step in claimed:
        expire(database, step)

    told = at_once([partial(leases.reclaim_expired, database)] * 6)
    told.append(leases.reclaim_expired(database))  # what one had locked, the others left

    versions = sorted(row.version for rows in told for row in rows)
    assert versions == list(range(job.version + 1, job.version + 5))
    chunks = fetch_steps(database, job.id)[1:]
    assert [(s.lost_count, s.attempts, s.status) for s in chunks] == [(1, 0, StepStatus.READY)] * 4
    assert fetch(database, job.id).attempts == 4


def test_lost_workers_fail_the_job_only_after_twenty(database: Database, user_id: int) -> None:
    job_id = make_job(database, user_id).id
    for _ in range(retry_policy.MAX_LOST - 1):
        expire(database, claim(database))
        leases.reclaim_expired(database)
        make_due(database)
    assert fetch(database, job_id).status == JobStatus.PROCESSING

    expire(database, claim(database))
    [told] = leases.reclaim_expired(database)

    assert (told.status, told.error_code) == (JobStatus.FAILED, JobErrorCode.WORKER_LOST)
    assert told.attempts == retry_policy.MAX_LOST
    assert leases.count_ready(database) == 0


def test_a_first_loss_is_tried_again_at_once_and_a_second_after_a_pause(
    database: Database, user_id: int
) -> None:
    make_job(database, user_id)
    for expected in (1, 0):
        expire(database, claim(database))
        leases.reclaim_expired(database)
        assert leases.count_ready(database) == expected


def test_the_third_failure_fails_the_job(database: Database, user_id: int) -> None:
    job = make_chunked(database, user_id, chunks=3)
    told = []
    for _ in range(3):
        make_due(database)
        claimed = claim(database)
        told.append(
            step_results.fail(database, claimed, JobErrorCode.ENGINE_FAILED, "no", certain=False)
        )
        make_due(database)

    assert [row.status for row in told if row] == ["processing", "processing", "failed"]
    failed = fetch(database, job.id)
    assert (failed.attempts, failed.failed_chunks, failed.progress_percent) == (3, 1, 100)
    assert failed.version == job.version + 3
    assert failed.error_code == JobErrorCode.ENGINE_FAILED
    statuses = [s.status for s in fetch_steps(database, job.id)]
    assert statuses == [StepStatus.DONE, StepStatus.FAILED, StepStatus.DROPPED, StepStatus.DROPPED]


def test_a_certain_failure_fails_the_job_at_once(database: Database, user_id: int) -> None:
    make_job(database, user_id)

    told = step_results.fail(
        database, claim(database), JobErrorCode.PDF_NO_TEXT, "none", certain=True
    )

    assert told is not None
    assert (told.status, told.attempts, told.current_step) == (JobStatus.FAILED, 1, "Failed")


def test_release_gives_a_step_back_uncounted(database: Database, user_id: int) -> None:
    make_chunked(database, user_id, chunks=3)
    mine, also_mine = claim(database, owner="me.1"), claim(database, owner="me.22")
    theirs = claim(database, owner="me2.1")

    leases.release(database, mine)
    assert leases.count_ready(database) == 1
    leases.release_all(database, worker_id="me")

    assert leases.count_ready(database) == 2
    assert leases.is_held(database, theirs)
    for claimed in (mine, also_mine):
        after = step_of(database, claimed)
        assert (after.attempts, after.lost_count, after.lease_owner) == (0, 0, None)
        assert not leases.is_held(database, claimed)


def test_what_a_dead_slot_held_is_taken_back_as_a_loss(database: Database, user_id: int) -> None:
    make_chunked(database, user_id, chunks=3)
    slots = [leases.slot_owner("0123456789abcdef" * 2, pid) for pid in (7, 4194304)]
    dead, alive = (claim(database, owner=slot) for slot in slots)
    claim(database, owner="other.7")

    assert leases.running_owners(database, worker_id="0123456789abcdef" * 2) == slots
    assert len(leases.reclaim_from(database, slots[0])) == 1

    assert step_of(database, dead).lost_count == 1
    assert not leases.is_held(database, dead)
    assert leases.is_held(database, alive)


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_a_failure_waits_for_a_completion_under_way(database: Database, user_id: int) -> None:
    """Two workers write the same job's steps and the job: neither may wait for the other."""
    job, (first, second) = take_chunks(database, user_id, chunks=2)
    answers: list[Job | None] = []

    def fail() -> None:
        code = JobErrorCode.PDF_DAMAGED
        answers.append(step_results.fail(database, second, code, "broken", certain=True))

    def is_waiting() -> bool:
        query = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
        with database.read() as session:
            return bool(session.scalar(text(query)))

    failing = Thread(target=fail)
    with database.write() as session:
        state.lock(session, job.id)
        done = update(Step).where(Step.id == first.step_id)
        session.execute(done.values(status=StepStatus.DONE))
        failing.start()
        wait_for(is_waiting, within_s=5, what="the failure waits")
        assert state.advance(session, job.id, progress=30)
    failing.join(10)

    assert [answer.status for answer in answers if answer] == [JobStatus.FAILED]
    assert step_of(database, first).status == StepStatus.DONE


def test_failing_and_completing_at_once_never_deadlocks(database: Database, user_id: int) -> None:
    for _ in range(5):
        job, claimed = take_chunks(database, user_id, chunks=8)

        def fail(step: ClaimedStep) -> object:
            code = JobErrorCode.PDF_DAMAGED
            return step_results.fail(database, step, code, "broken", certain=True)

        def run(action: object, step: ClaimedStep) -> object:
            try:
                return action(step)  # type: ignore[operator]
            except LeaseLostError:
                return None

        complete = partial(complete_chunk, database)
        actions = [partial(run, fail if k % 3 == 0 else complete, s) for k, s in enumerate(claimed)]
        told = at_once([*actions, partial(leases.reclaim_expired, database)])

        statuses = [row.status for row in told if isinstance(row, Job)]
        assert statuses.count(JobStatus.FAILED) == 1
        assert fetch(database, job.id).status == JobStatus.FAILED
        assert leases.count_ready(database) == 0


def test_cancel_racing_the_analysis_leaves_no_chunk_to_take(
    database: Database, user_id: int
) -> None:
    for _ in range(8):
        job = make_job(database, user_id)
        claimed = claim(database)

        def finish(step: ClaimedStep = claimed) -> object:
            try:
                return step_results.complete_analysis(database, step, plan(4))
            except LeaseLostError:
                return None

        at_once([finish, partial(state.cancel, database, user_id, job.id)])

        assert fetch(database, job.id).status == JobStatus.CANCELLED
        assert leases.count_ready(database) == 0


def test_count_ready_counts_those_that_wait_for_long(database: Database, user_id: int) -> None:
    make_chunked(database, user_id, chunks=3)

    assert leases.count_ready(database) == 3
    assert leases.count_ready(database, for_s=60) == 0


def test_tell_alive_by_many_children_is_one_worker(database: Database) -> None:
    at_once([partial(worker_registry.heartbeat, database, "w1", slots=2)] * 8)
    worker_registry.heartbeat(database, "w1", slots=2)

    assert worker_registry.live_workers(database, within_s=30) == ["w1"]


def test_tell_alive_forgets_workers_long_gone(database: Database) -> None:
    worker_registry.heartbeat(database, "old", slots=2)
    with database.write() as session:
        session.execute(update(Worker).values(seen_at=Worker.seen_at - 90_000))
    assert worker_registry.live_workers(database, within_s=30) == []

    worker_registry.heartbeat(database, "new", slots=2)

    with database.read() as session:
        assert [worker.id for worker in session.query(Worker)] == ["new"]


@contextmanager
def recorded_updates(database: Database) -> Iterator[list[str]]:
    """Yield the UPDATE statements on steps that are executed within the block."""
    statements: list[str] = []

    def record(_conn: Any, _cursor: Any, statement: str, *_: Any) -> None:
        if statement.startswith("UPDATE steps"):
            statements.append(statement)

    event.listen(database.engine, "before_cursor_execute", record)
    try:
        yield statements
    finally:
        event.remove(database.engine, "before_cursor_execute", record)


@pytest.mark.parametrize("ending", ["completed", "failed", "certain", "third"])
def test_the_end_of_a_step_is_one_guarded_update(
    database: Database, user_id: int, ending: str
) -> None:
    make_chunked(database, user_id, chunks=2)
    claimed = claim(database)
    if ending == "third":
        with database.write() as session:
            session.execute(update(Step).values(attempts=2))

    with recorded_updates(database) as updates:
        if ending == "completed":
            complete_chunk(database, claimed)
        else:
            step_results.fail(
                database, claimed, JobErrorCode.INTERNAL, "no", certain=ending == "certain"
            )

    guarded = [sql for sql in updates if "fence" in sql.partition("WHERE")[2]]
    dropped = [sql for sql in updates if "job_id" in sql.partition("WHERE")[2].split("AND")[0]]
    assert len(guarded) == 1
    assert len(updates) == 1 + len(dropped)  # a job that ends drops the steps that are left
    assert len(dropped) == (ending in {"certain", "third"})
