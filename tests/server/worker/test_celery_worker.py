"""The real Celery worker: a whole job, and the loss of a worker or the broker."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from pathlib import Path
from threading import Event, Thread
from typing import Any

import pytest
from sqlalchemy import select

from e2e.harness import command_line, descendants, wait_for
from fnt.wire import events, paths
from fnt.wire.errors import JobErrorCode
from fnt.wire.job_status import JobStatus
from fnt_server.db.models import Job, Step, StepKind, StepStatus, Worker
from fnt_server.jobs import leases, retry_policy, worker_registry
from fnt_server.messaging.event_bus import Publisher
from fnt_server.worker import celery_worker
from fnt_server.worker.celery_worker import PoolChild
from fnt_server.worker.shutdown import GracefulShutdown
from pdfs import make_bomb, make_pdf
from server.aging import make_older
from server.api_client import PDF, form
from server.processes import Deployment, Process, WebProcess
from server.records import fetch_steps
from server.services import BrokerProcess, private_broker
from server.sockets import Listener

BOOK = make_pdf(pages=4)
DONE_WITHIN_S = 30.0
MakeDeployment = Callable[..., Deployment]


@pytest.fixture
def broker_of_mine() -> Iterator[BrokerProcess]:
    with private_broker() as process:
        yield process


@pytest.fixture
def make_deployment(tmp_path: Path, broker_of_mine: BrokerProcess) -> Iterator[MakeDeployment]:
    """Return a function that creates a deployment with the test's own settings."""
    houses: list[Deployment] = []

    def make(**environ: str) -> Deployment:
        houses.append(Deployment(tmp_path / "deployment", broker_url=broker_of_mine.url, **environ))
        return houses[-1]

    yield make
    for deployment in houses:
        deployment.close()


def has_ended(job: Job) -> bool:
    return JobStatus(job.status).is_terminal


def finish(deployment: Deployment, job_id: int) -> Job:
    return deployment.wait_for_job(job_id, has_ended, within_s=DONE_WITHIN_S, what="the job ends")


def result(deployment: Deployment, job: Job) -> bytes:
    assert (job.status, job.error_code) == (JobStatus.COMPLETED, None)
    return deployment.storage.get(job.result_key or "")


def in_the_chunks(job: Job) -> bool:
    return job.processed_chunks >= 1


def is_running_a_chunk(deployment: Deployment, job_id: int) -> bool:
    return any(
        step.kind == StepKind.CHUNK and step.status == StepStatus.RUNNING
        for step in fetch_steps(deployment.database, job_id)
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
    deployment = make_deployment()
    user_id, _ = deployment.add_user()
    poison, good = (
        deployment.add_job(user_id, make_pdf(pages=1500)),
        deployment.add_job(user_id, BOOK),
    )
    key, over, killed = deployment.job(poison).file_key or "", Event(), set()
    process = deployment.start_worker()

    def kill_readers() -> None:
        while not over.wait(0.005):
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


def test_sigterm_gives_the_steps_back_at_once(make_deployment: MakeDeployment) -> None:
    deployment = make_deployment()
    user_id, _ = deployment.add_user()
    leaving = deployment.start_worker(FNT_PACE_MS="600000")
    job_id = deployment.add_job(user_id, BOOK)
    wait_for(lambda: is_running_a_chunk(deployment, job_id), within_s=DONE_WITHIN_S, what="a chunk")
    started = time.monotonic()

    leaving.terminate()
    leaving.wait(within_s=5)

    assert time.monotonic() - started < 4
    chunks = fetch_steps(deployment.database, job_id)[1:]
    assert {(s.status, s.attempts, s.lost_count) for s in chunks} == {(StepStatus.READY, 0, 0)}
    deployment.start_worker()
    assert finish(deployment, job_id).status == JobStatus.COMPLETED


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


def slots_of(deployment: Deployment) -> list[int]:
    """Return the pool children that hold a step."""
    with deployment.database.read() as session:
        owners = session.scalars(select(Step.lease_owner).where(Step.status == StepStatus.RUNNING))
        return [int(owner.rpartition(".")[2]) for owner in owners if owner]


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


Act = Callable[[], object]


def requests_of(web: WebProcess, token: str, listener: Listener) -> dict[str, Act]:
    """Return what a user may ask for; the last uploads a book, which must then be worked on."""
    client = web.client(token)

    def confirm() -> int:
        body = {"original_filename": "roman.pdf"}
        job_id: int = client.post(paths.CONFIRM, json=body).raise_for_status().json()["job_id"]
        return job_id

    def upload(job_id: int) -> Any:
        headers = {"Content-Type": "multipart/form-data; boundary=cut-here"}
        answer = client.post(paths.UPLOAD, content=form(job_id, BOOK), headers=headers)
        return answer.raise_for_status()

    victim = confirm()
    upload(victim)
    return {
        "health": lambda: client.get(paths.HEALTH).raise_for_status(),
        "me": lambda: client.get(paths.ME).raise_for_status(),
        "list": lambda: client.get(paths.JOBS).raise_for_status(),
        "join": lambda: listener.join(victim)["ok"],
        "join unknown": lambda: listener.join(victim + 10_000)["error_code"],
        "cancel by socket": lambda: listener.ask(events.CANCEL_JOB, {"job_id": victim})["ok"],
        "retry": lambda: client.post(paths.job(victim, "retry")).raise_for_status(),
        "delete": lambda: client.delete(paths.job(victim)).raise_for_status(),
        "confirm and upload": lambda: upload(confirm()),
        "close": client.close,
    }


@pytest.mark.parametrize("fault", ["frozen", "killed"])
def test_a_broker_that_is_away_holds_nobody_and_loses_nothing(
    make_deployment: MakeDeployment, broker_of_mine: BrokerProcess, fault: str
) -> None:
    deployment = make_deployment()
    _, token = deployment.add_user()
    web = deployment.start_web()
    listener = Listener(web.url).connect(token)
    acts = requests_of(web, token, listener)
    deployment.start_worker()
    deployment.wait_for_worker()
    wait_for(lambda: leases.count_ready(deployment.database) == 0, within_s=10, what="all is quiet")
    assert broker_of_mine.process
    if fault == "frozen":
        broker_of_mine.process.send_signal(signal.SIGSTOP)
    else:
        broker_of_mine.kill()

    took_s = {}
    for name, act in acts.items():
        started = time.monotonic()
        if name == "retry":
            deployment.wait_for_job(1, has_ended, within_s=10, what="the first has ended")
            if deployment.job(1).status == JobStatus.COMPLETED:
                continue
            started = time.monotonic()
        act()
        took_s[name] = time.monotonic() - started
    listener.disconnect()
    if fault == "frozen":
        broker_of_mine.process.send_signal(signal.SIGCONT)
    else:
        broker_of_mine.start()

    assert max(took_s.values()) <= 2.0, took_s
    newest = max(job.id for job in jobs_of(deployment))
    assert result(deployment, finish(deployment, newest))


def jobs_of(deployment: Deployment) -> list[Job]:
    with deployment.database.read() as session:
        return list(session.query(Job))


def test_web_and_worker_start_without_a_broker(
    make_deployment: MakeDeployment, broker_of_mine: BrokerProcess
) -> None:
    deployment = make_deployment()
    user_id, _ = deployment.add_user()
    broker_of_mine.kill()
    web, process = deployment.start_web(), deployment.start_worker()
    assert web.answers()
    job_id = deployment.add_job(user_id, BOOK)

    broker_of_mine.start()

    assert result(deployment, finish(deployment, job_id))
    assert process.pid


class Runner:
    """Stands for a slot at work on steps that take long."""

    def warm_up(self) -> None:
        pass

    def __init__(self, work: Callable[[], None]) -> None:
        self._work = work

    def run_ready(self) -> int:
        self._work()
        return 1


def test_a_busy_pool_child_sends_heartbeats(
    make_deployment: MakeDeployment, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It hears no wakeup while it works, and must not be taken for dead."""
    monkeypatch.setattr(celery_worker, "HEARTBEAT_EVERY_S", -1.0)
    deployment, seen = make_deployment(), []
    shutdown = GracefulShutdown(deployment.config, worker_id="w")
    child = PoolChild(deployment.config, worker_id="w", shutdown=shutdown)

    def work() -> None:
        make_older(deployment.database, Worker.seen_at, seconds=3600)
        child.reaper.run_once()
        seen.append(worker_registry.live_workers(deployment.database, within_s=60))

    child.__dict__["runner"] = Runner(work)  # a cached property takes what is put there
    child.on_wakeup()
    make_older(deployment.database, Worker.seen_at, seconds=3600)
    child.reaper.run_once()
    seen.append(worker_registry.live_workers(deployment.database, within_s=60))
    child.reaper.close()
    child.publisher.close()
    child.database.dispose()

    assert seen == [["w"], []]


def test_a_new_pool_child_sends_a_wakeup_and_does_not_begin_by_working(
    make_deployment: MakeDeployment,
) -> None:
    """Celery kills a child that takes over four seconds to begin."""
    deployment, woken, worked = make_deployment(), Event(), Event()
    shutdown = GracefulShutdown(deployment.config, worker_id="w")
    child = PoolChild(deployment.config, worker_id="w", shutdown=shutdown)
    child.__dict__["runner"] = Runner(worked.set)
    child.__dict__["publisher"] = Publisher(emit=lambda *_: None, send_wakeup=woken.set)

    child.begin()

    assert woken.wait(5)
    assert not worked.is_set()
    child.reaper.close()
    child.publisher.close()
    child.database.dispose()


def test_the_reaper_of_a_pool_child_also_starts_under_optimization(tmp_path: Path) -> None:
    """It was started within an assert, which `python -O` removes."""
    code = """
import sys, threading
from pathlib import Path
from fnt_server.config import Config
from fnt_server.worker.celery_worker import PoolChild
from fnt_server.worker.shutdown import GracefulShutdown
config = Config.from_env({"FNT_DATA_DIR": sys.argv[1], "FNT_BROKER_URL": "redis://127.0.0.1:1"})
PoolChild(config, worker_id="w", shutdown=GracefulShutdown(config, worker_id="w")).begin()
sys.exit("reaper" not in {thread.name for thread in threading.enumerate()})
"""
    done = subprocess.run([sys.executable, "-O", "-c", code, str(tmp_path)], check=False)

    assert done.returncode == 0


def test_a_page_waits_neither_behind_a_long_book_nor_behind_many(
    make_deployment: MakeDeployment,
) -> None:
    deployment = make_deployment()
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
    """Return the busiest of a worker's pipeline processes."""
    found = [p for p in descendants(process.pid) if "fnt_server.sandbox.child" in command_line(p)]
    return max(found, key=lambda pid: Path(f"/proc/{pid}/stat").read_text().split()[13:15])


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


def test_a_document_without_end_fails_and_its_neighbors_do_not_wait(
    make_deployment: MakeDeployment,
) -> None:
    deployment = make_deployment()
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
