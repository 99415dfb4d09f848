"""A broker that is away: nobody waits for it, and nothing is lost."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable
from typing import Any

import pytest
import redis

from e2e.harness import wait_for
from fnt.wire import events, paths
from fnt.wire.job_status import JobStatus
from fnt_server.db.models import Job
from fnt_server.jobs import leases
from fnt_server.messaging.broker import make_wakeup_sender, send_wakeup
from server.api_client import form
from server.processes import Deployment, WebProcess
from server.services import BrokerProcess
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


@pytest.mark.parametrize("restarts", [1, pytest.param(2, marks=pytest.mark.faults)])
def test_a_broker_lost_while_a_wakeup_waits_for_its_turn_is_found_again(
    make_deployment: MakeDeployment, broker_of_mine: BrokerProcess, restarts: int
) -> None:
    """The wakeup is acknowledged when its turn comes, while nobody is there to be told."""
    deployment = make_deployment()
    user_id, _ = deployment.add_user()
    deployment.start_worker(FNT_WORKERS="1", FNT_PACE_MS="300")
    deployment.wait_for_worker()
    wait_for(lambda: leases.count_ready(deployment.database) == 0, within_s=10, what="all is quiet")
    for _ in range(restarts):
        busy = deployment.add_job(user_id, BOOK)
        sender = make_wakeup_sender(deployment.config)
        send_wakeup(sender)
        deployment.wait_for_job(busy, in_the_chunks, within_s=DONE_WITHIN_S, what="it is at work")
        send_wakeup(sender)
        time.sleep(0.2)  # until the worker has taken it
        broker_of_mine.kill()
        finish(deployment, busy)
        time.sleep(0.2)  # until its turn has come
        broker_of_mine.start()

    job_id = deployment.add_job(user_id, BOOK)

    assert result(deployment, finish(deployment, job_id))


@pytest.mark.faults
@pytest.mark.parametrize("setting", ["min-replicas-to-write", "maxmemory"])
def test_a_broker_that_refuses_to_write_ends_no_worker(
    make_deployment: MakeDeployment, broker_of_mine: BrokerProcess, setting: str
) -> None:
    deployment = make_deployment()
    user_id, _ = deployment.add_user()
    worker = deployment.start_worker(FNT_WORKERS="1", FNT_PACE_MS="300")
    deployment.wait_for_worker()
    busy = deployment.add_job(user_id, BOOK)
    for _ in range(3):
        send_wakeup(make_wakeup_sender(deployment.config))
    with redis.Redis.from_url(broker_of_mine.url) as client:
        client.config_set(setting, 1)
        finish(deployment, busy)
        time.sleep(2)  # until it would have read the next wakeups
        assert worker.is_running
        client.config_set(setting, 0)

    job_id = deployment.add_job(user_id, BOOK)

    assert result(deployment, finish(deployment, job_id))
    assert len(worker.log.read_text().splitlines()) < 100


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
