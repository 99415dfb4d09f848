"""Workers that are killed, stalled or stopped, and slots whose work is no longer wanted."""

from __future__ import annotations

import os
import signal
import sqlite3
import time
from contextlib import closing
from pathlib import Path

import pytest

from e2e.harness import children_of, is_alive, wait_for
from fnt.wire import paths
from fnt.wire.job_status import JobStatus
from fnt_server.db.models import StepStatus
from server.api_client import PDF
from server.processes import Deployment, Process
from server.records import fetch_steps
from server.worker.deployments import (
    BOOK,
    DONE_WITHIN_S,
    MakeDeployment,
    finish,
    in_the_chunks,
    is_running_a_chunk,
    result,
    slots_of,
)
from typeset import make_book

pytestmark = pytest.mark.faults


def test_a_killed_workers_chunks_are_done_again_to_the_same_bytes(
    make_deployment: MakeDeployment,
) -> None:
    deployment = make_deployment(FNT_LEASE_S="2")
    user_id, _ = deployment.add_user()
    first = deployment.start_worker(FNT_PACE_MS="1500")
    job_id = deployment.add_job(user_id, BOOK)
    before = deployment.wait_for_job(job_id, in_the_chunks, within_s=DONE_WITHIN_S, what="a chunk")
    wait_for(lambda: is_running_a_chunk(deployment, job_id), within_s=5, what="another is running")
    first.kill()

    deployment.start_worker()
    after = finish(deployment, job_id)
    undisturbed = finish(deployment, deployment.add_job(user_id, BOOK))

    assert result(deployment, after) == result(deployment, undisturbed)
    assert after.version > before.version
    assert {step.lost_count for step in fetch_steps(deployment.database, job_id)} == {0, 1}
    assert after.failed_chunks == 0


def freeze(deployment: Deployment, process: Process) -> None:
    """Stop a worker, but not inside a transaction: SQLite's one lock would be held with it."""

    def has_stopped_well() -> bool:
        process.signal(signal.SIGSTOP)
        with closing(sqlite3.connect(deployment.folder / "fnt.db", timeout=0.2)) as connection:
            try:
                connection.execute("BEGIN IMMEDIATE")
            except sqlite3.OperationalError:
                process.signal(signal.SIGCONT)
                return False
        return True

    wait_for(has_stopped_well, within_s=10, what="the worker is between transactions")


def test_a_stalled_worker_that_wakes_up_changes_nothing(make_deployment: MakeDeployment) -> None:
    deployment = make_deployment(FNT_LEASE_S="2")
    user_id, _ = deployment.add_user()
    stalled = deployment.start_worker(FNT_PACE_MS="1500", FNT_WORKERS="1")
    job_id = deployment.add_job(user_id, BOOK)
    deployment.wait_for_job(job_id, in_the_chunks, within_s=DONE_WITHIN_S, what="a chunk")
    wait_for(lambda: is_running_a_chunk(deployment, job_id), within_s=5, what="another is running")
    freeze(deployment, stalled)
    other = deployment.start_worker()
    ended = finish(deployment, job_id)
    expected = result(deployment, ended)
    other.kill()

    stalled.signal(signal.SIGCONT)
    later = deployment.add_job(user_id, BOOK)
    deployment.wait_for_job(later, in_the_chunks, within_s=DONE_WITHIN_S, what="its slot goes on")

    assert deployment.job(job_id).version == ended.version
    assert result(deployment, deployment.job(job_id)) == expected


@pytest.mark.parametrize("is_hangup", [False, True], ids=["SIGTERM", "SIGHUP"])
def test_sigterm_gives_the_steps_back_at_once(
    make_deployment: MakeDeployment, is_hangup: bool
) -> None:
    """So does a terminal that is closed: the whole group gets SIGHUP, twice."""
    deployment = make_deployment(FNT_WORKERS="2")
    user_id, _ = deployment.add_user()
    leaving = deployment.start_worker(FNT_PACE_MS="600000")
    job_id = deployment.add_job(user_id, BOOK)
    wait_for(lambda: is_running_a_chunk(deployment, job_id), within_s=DONE_WITHIN_S, what="a chunk")
    started = time.monotonic()

    if is_hangup:
        leaving.signal(signal.SIGHUP)
        leaving.signal(signal.SIGHUP)
    else:
        leaving.terminate()
    assert leaving.wait(within_s=5) == 0

    assert time.monotonic() - started < 4
    chunks = fetch_steps(deployment.database, job_id)[1:]
    assert {(s.status, s.attempts, s.lost_count) for s in chunks} == {(StepStatus.READY, 0, 0)}
    deployment.start_worker()
    assert finish(deployment, job_id).status == JobStatus.COMPLETED


def test_under_nohup_a_closed_terminal_disturbs_no_step(make_deployment: MakeDeployment) -> None:
    deployment = make_deployment(FNT_WORKERS="1")
    user_id, _ = deployment.add_user()
    working = deployment.start("worker", prefix=("nohup",), FNT_PACE_MS="1500")
    job_id = deployment.add_job(user_id, BOOK)
    wait_for(lambda: is_running_a_chunk(deployment, job_id), within_s=DONE_WITHIN_S, what="a chunk")

    working.signal(signal.SIGHUP)

    assert finish(deployment, job_id).status == JobStatus.COMPLETED
    steps = fetch_steps(deployment.database, job_id)
    assert {(step.attempts, step.lost_count) for step in steps} == {(0, 0)}


@pytest.mark.parametrize("twice", [False, True])
def test_a_step_that_does_not_stop_does_not_keep_its_worker(
    make_deployment: MakeDeployment, twice: bool
) -> None:
    """Within the time given, or at the second signal at once; the step is released."""
    deployment = make_deployment(FNT_WORKERS="1", FNT_DRAIN_S="60" if twice else "1")
    user_id, _ = deployment.add_user()
    leaving = deployment.start_worker(FNT_PACE_MS="600000")
    job_id = deployment.add_job(user_id, BOOK)
    wait_for(lambda: is_running_a_chunk(deployment, job_id), within_s=DONE_WITHIN_S, what="a chunk")
    [child] = slots_of(deployment)
    os.kill(child, signal.SIGSTOP)

    leaving.terminate()
    if twice:
        wait_for(
            lambda: "shutting down" in leaving.log.read_text(), within_s=5, what="it is stopping"
        )
        leaving.terminate()
    status = leaving.wait(within_s=5)

    assert status == (128 + signal.SIGTERM if twice else 0)
    chunks = fetch_steps(deployment.database, job_id)[1:]
    assert {(s.status, s.attempts, s.lost_count) for s in chunks} == {(StepStatus.READY, 0, 0)}


def test_a_pool_child_that_is_killed_alone_is_not_waited_for(
    make_deployment: MakeDeployment,
) -> None:
    deployment = make_deployment(FNT_LEASE_S="600", FNT_WORKERS="1", FNT_PACE_MS="3000")
    user_id, _ = deployment.add_user()
    deployment.start_worker()
    job_id = deployment.add_job(user_id, PDF)
    wait_for(lambda: is_running_a_chunk(deployment, job_id), within_s=DONE_WITHIN_S, what="a chunk")

    [child] = slots_of(deployment)
    os.kill(child, signal.SIGKILL)

    ended = finish(deployment, job_id)
    assert (ended.status, ended.attempts) == (JobStatus.COMPLETED, 1)


def test_cancel_frees_the_slot_at_once(make_deployment: MakeDeployment) -> None:
    deployment = make_deployment(FNT_PACE_MS="600000", FNT_WORKERS="1")
    user_id, token = deployment.add_user()
    web = deployment.start_web()
    deployment.start_worker()
    job_id = deployment.add_job(user_id, BOOK)
    wait_for(lambda: is_running_a_chunk(deployment, job_id), within_s=DONE_WITHIN_S, what="a chunk")
    next_id = deployment.add_job(user_id, BOOK)

    with web.client(token) as client:
        answer = client.post(paths.job(job_id, "cancel")).json()

    wait_for(
        lambda: is_running_a_chunk(deployment, next_id), within_s=8, what="the next one's turn"
    )
    assert deployment.job(job_id).version == answer["version"]


def test_a_slot_killed_while_two_processes_read_a_book_loses_nothing(
    make_deployment: MakeDeployment, tmp_path: Path
) -> None:
    make_book(300, tmp_path / "book.pdf")
    book = (tmp_path / "book.pdf").read_bytes()
    deployment = make_deployment(FNT_LEASE_S="2")
    user_id, _ = deployment.add_user()
    deployment.start_worker(FNT_WORKERS="2")
    job_id = deployment.add_job(user_id, book)

    def readers() -> list[int]:
        found = [pid for slot in slots_of(deployment) for pid in children_of(slot)]
        return found if len(found) == 2 else []

    both = wait_for(readers, within_s=DONE_WITHIN_S, what="two processes read the book")
    os.kill(slots_of(deployment)[0], signal.SIGKILL)

    wait_for(lambda: not any(map(is_alive, both)), within_s=5, what="they end with the slot")
    ended = finish(deployment, job_id)
    undisturbed = finish(deployment, deployment.add_job(user_id, book))
    assert result(deployment, ended) == result(deployment, undisturbed)
    assert {step.lost_count for step in fetch_steps(deployment.database, job_id)} == {0, 1}
