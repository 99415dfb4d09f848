"""The real Celery worker: whole jobs, and books that cost it more than others."""

from __future__ import annotations

import os
import signal
from contextlib import suppress
from pathlib import Path
from threading import Event, Thread

import pytest

from e2e.harness import command_line, descendants, wait_for
from fnt.wire import paths
from fnt.wire.error_codes import JobErrorCode
from fnt.wire.job_status import JobStatus
from fnt_server.db.models import Step, StepStatus
from fnt_server.jobs import retry_policy
from pdfs import make_bomb, make_pdf
from server.api_client import PDF
from server.processes import Deployment, Process
from server.records import fetch_steps
from server.sockets import Listener
from server.worker.deployments import (
    BOOK,
    DONE_WITHIN_S,
    MakeDeployment,
    finish,
    has_ended,
    in_the_chunks,
    result,
)


def test_a_job_goes_its_way_and_is_told_of_it(make_deployment: MakeDeployment) -> None:
    deployment = make_deployment(FNT_PACE_MS="150")
    user_id, token = deployment.add_user()
    job_id = deployment.add_job(user_id, BOOK)
    listener = Listener(deployment.start_web().url).connect(token)
    told = [listener.join(job_id)["job"]]
    deployment.start_worker()

    while told[-1]["status"] not in {"completed", "failed", "cancelled"}:
        told.append(listener.progress.get(timeout=DONE_WITHIN_S))
    listener.disconnect()

    versions = [job["version"] for job in told]
    percents = [job["progress_percent"] for job in told]
    assert versions == sorted(set(versions))
    assert percents == sorted(percents)
    assert set(percents) <= {0, 5, 10, 15, 30, 45, 60, 75, 100}
    assert {30, 45, 60, 75, 100} <= set(percents)
    assert told[-1]["status"] == "completed"
    assert told[-1]["sentence_count"] == len(
        result(deployment, deployment.job(job_id)).splitlines()
    )
    assert versions[-1] == deployment.job(job_id).version
    work = f"jobs/{job_id}/work/"
    wait_for(
        lambda: not deployment.storage.list_keys(work), within_s=5, what="the work files are gone"
    )


def readers_of(process: Process, key: str) -> list[int]:
    """Return the extraction children that have this object open."""
    found = []
    for pid in descendants(process.pid):
        if "fnt_server.sandbox.child" not in command_line(pid):
            continue
        with suppress(OSError):
            links = [str(link.readlink()) for link in Path(f"/proc/{pid}/fd").iterdir()]
            found += [pid] if any(link.endswith(key) for link in links) else []
    return found


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="reads /proc")
def test_a_book_that_kills_its_reader_fails_alone(make_deployment: MakeDeployment) -> None:
    deployment = make_deployment(FNT_WORKERS="2")
    user_id, _ = deployment.add_user()
    poison, good = (
        deployment.add_job(user_id, make_pdf(pages=1500)),
        deployment.add_job(user_id, BOOK),
    )
    key, over, killed = deployment.job(poison).file_key or "", Event(), set()
    process = deployment.start_worker()

    def kill_readers() -> None:
        while not over.wait(0.02):
            for pid in readers_of(process, key):
                killed.add(pid)
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)

    killer = Thread(target=kill_readers)
    killer.start()
    try:
        failed, passed = finish(deployment, poison), finish(deployment, good)
    finally:
        over.set()
        killer.join()

    assert result(deployment, passed)
    assert failed.status == JobStatus.FAILED
    assert failed.error_code == JobErrorCode.WORKER_LOST
    assert failed.attempts == retry_policy.MAX_ATTEMPTS == len(killed)
    assert failed.progress_percent == 100


def test_a_file_that_is_no_book_fails_with_a_code(make_deployment: MakeDeployment) -> None:
    deployment = make_deployment()
    user_id, _ = deployment.add_user()
    deployment.start_worker()

    failed = finish(deployment, deployment.add_job(user_id, b"%PDF-1.4\n" + b"nonsense " * 500))

    assert (failed.status, failed.error_code) == (JobStatus.FAILED, JobErrorCode.PDF_DAMAGED)
    assert failed.attempts == 1


def test_a_page_waits_neither_behind_a_long_book_nor_behind_many(
    make_deployment: MakeDeployment,
) -> None:
    deployment = make_deployment(FNT_WORKERS="2")
    users = [deployment.add_user()[0] for _ in range(10)]
    long = deployment.add_job(deployment.add_user()[0], make_pdf(pages=500), number=2)
    ids = [deployment.add_job(user_id, PDF) for user_id in users * 3]
    deployment.start_worker()
    deployment.wait_for_job(
        long, in_the_chunks, within_s=DONE_WITHIN_S, what="the long book is chunked"
    )

    page = deployment.add_job(deployment.add_user()[0], PDF)
    deployment.wait_for_job(page, has_ended, within_s=15, what="the page is done")
    waiting = [job_id for job_id in ids if not has_ended(deployment.job(job_id))]
    ended = [finish(deployment, job_id) for job_id in [*ids, page]]

    assert waiting

    assert len({result(deployment, job) for job in ended}) == 1
    assert {job.attempts for job in ended} == {0}


def pipeline_process_of(process: Process) -> int:
    """Return the busiest of a worker's pipeline processes; waits for the first to be there."""

    def find() -> list[int]:
        below = descendants(process.pid)
        return [pid for pid in below if "fnt_server.sandbox.child" in command_line(pid)]

    found = wait_for(find, within_s=10, what="a pipeline process runs")
    return max(found, key=processor_ticks)


def processor_ticks(pid: int) -> int:
    """Return the processor time a process has used, in clock ticks."""
    user, system = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[11:13]
    return int(user) + int(system)


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="reads /proc")
def test_a_step_that_hangs_neither_loses_its_lease_nor_keeps_its_slot_from_a_cancel(
    make_deployment: MakeDeployment,
) -> None:
    """One slot whose process no longer answers: renewed all the while, free when cancelled."""
    deployment = make_deployment(FNT_WORKERS="1", FNT_LEASE_S="3")
    user_id, token = deployment.add_user()
    web = deployment.start_web()
    job_id = deployment.add_job(user_id, make_bomb())
    process = deployment.start_worker()
    wait_for(lambda: running_steps(deployment, job_id), within_s=DONE_WITHIN_S, what="it runs")
    os.kill(pipeline_process_of(process), signal.SIGSTOP)
    first = running_steps(deployment, job_id)[0]

    wait_for(
        lambda: running_steps(deployment, job_id)[0].lease_ends_at > first.lease_ends_at + 3,
        within_s=15,
        what="the lease is renewed beyond its first length",
    )
    assert running_steps(deployment, job_id)[0].fence == first.fence
    next_id = deployment.add_job(user_id, BOOK)
    with web.client(token) as client:
        client.post(paths.job(job_id, "cancel")).raise_for_status()

    assert result(deployment, finish(deployment, next_id))


@pytest.mark.faults
def test_a_document_without_end_fails_and_its_neighbors_do_not_wait(
    make_deployment: MakeDeployment,
) -> None:
    """Its twelve seconds of processor time; with less of it: test_step_runner.py."""
    deployment = make_deployment(FNT_WORKERS="2")
    user_id, _ = deployment.add_user()
    bomb = deployment.add_job(user_id, make_bomb())
    neighbors = [deployment.add_job(user_id, BOOK) for _ in range(3)]
    deployment.start_worker()

    for neighbor in neighbors:
        assert result(deployment, finish(deployment, neighbor))
    assert deployment.job(bomb).status == JobStatus.PROCESSING
    ended = deployment.wait_for_job(bomb, has_ended, within_s=90, what="its budget is used up")

    assert (ended.status, ended.error_code) == (JobStatus.FAILED, JobErrorCode.PDF_LIMIT)


def running_steps(deployment: Deployment, job_id: int) -> list[Step]:
    steps = fetch_steps(deployment.database, job_id)
    return [step for step in steps if step.status == StepStatus.RUNNING]
