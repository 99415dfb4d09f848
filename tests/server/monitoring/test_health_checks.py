"""/health against real processes, with each dependency frozen, stopped and restored."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from threading import Event
from typing import Any

import httpx
import pytest
from flask import Flask
from sqlalchemy import make_url, text

from e2e.harness import wait_for
from e2e.proxy import FaultProxy, proxied
from fnt.wire import paths
from fnt_server.db.models import Worker
from server.aging import make_older
from server.api_client import make_api_user, services_of
from server.processes import Deployment, Process, WebProcess
from server.services import BrokerProcess, private_broker, private_schema

LIVE_WITHIN_S = 40.0
ANSWERS_WITHIN_S = 5.0  # 2 s are promised; the rest is for a machine with other work to do


class Site:
    """A web process and a worker on PostgreSQL behind a proxy, and what they say of themselves."""

    def __init__(self, deployment: Deployment, proxy: FaultProxy, broker: BrokerProcess) -> None:
        self.deployment, self.proxy, self.broker = deployment, proxy, broker
        self.token = deployment.add_user()[1]
        self.web: WebProcess = deployment.start_web()
        self.worker: Process = deployment.start_worker()

    def ask(self) -> tuple[int, dict[str, Any]]:
        """Ask for health; there is an answer in time, whatever is wrong."""
        headers = {"Authorization": f"Bearer {self.token}"}
        answer = httpx.get(self.web.url + paths.HEALTH, headers=headers, timeout=ANSWERS_WITHIN_S)
        return answer.status_code, answer.json()

    def wait_until(self, status: int, **checks: Any) -> None:
        wanted = {"database": "ok", "broker": "ok", "workers": 1, **checks}

        def is_told() -> bool:
            code, body = self.ask()
            return (code, body.get("checks")) == (status, None if status == 503 else wanted)

        wait_for(is_told, within_s=LIVE_WITHIN_S, what=f"{status} with {wanted}")


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with private_schema() as url, private_broker() as broker:
        parts = make_url(url)
        with proxied(parts.port or 5432) as proxy:
            through = parts.set(host="127.0.0.1", port=proxy.port)
            deployment = Deployment(
                tmp_path_factory.mktemp("deployment"),
                broker_url=broker.url,
                DATABASE_URL=through.render_as_string(hide_password=False),
            )
            try:
                yield Site(deployment, proxy, broker)
            finally:
                deployment.close()


def test_a_broker_that_is_frozen_or_gone_is_told_and_so_is_its_return(site: Site) -> None:
    site.wait_until(200)
    assert site.broker.process
    site.broker.process.send_signal(signal.SIGSTOP)
    site.wait_until(200, broker="down")
    site.broker.process.send_signal(signal.SIGCONT)
    site.wait_until(200)
    site.broker.kill()
    site.wait_until(200, broker="down")
    site.broker.start()
    site.wait_until(200)


def test_a_worker_that_is_frozen_is_told_though_its_process_is_there(site: Site) -> None:
    site.wait_until(200)
    site.worker.signal(signal.SIGSTOP)
    make_older(site.deployment.database, Worker.seen_at, seconds=30)

    site.wait_until(200, workers=0)
    os.kill(site.worker.pid, 0)

    site.worker.signal(signal.SIGCONT)
    site.wait_until(200)


def test_a_database_that_is_frozen_or_gone_is_503_until_it_is_back(site: Site) -> None:
    site.wait_until(200)
    site.proxy.faults.black_hole = True
    site.wait_until(503)
    site.proxy.reset_all()
    site.proxy.faults.black_hole = False
    site.wait_until(200)
    site.proxy.faults.refuse = True
    site.proxy.reset_all()
    site.wait_until(503)
    site.proxy.faults.refuse = False
    site.wait_until(200)


def test_a_locked_database_is_503_or_slow_and_loses_nothing(app: Flask) -> None:
    """Every kind of request while somebody else holds the lock for longer than we wait."""
    ann, services = make_api_user(app, password=True), services_of(app)
    login = {"email": ann.email, "password": "correct horse battery"}
    ann.token = ann.post(paths.LOGIN, json=login).json["access_token"]
    kept, fresh = ann.job(), ann.confirm().json["job_id"]
    acts = {
        "list": lambda: ann.get(paths.JOBS),
        "confirm": lambda: ann.confirm("while-locked"),
        "upload": lambda: ann.upload(fresh),
        "cancel": lambda: ann.post(paths.job(kept, "cancel")),
        "login": lambda: ann.post(paths.LOGIN, json=login),
        "me": lambda: ann.get(paths.ME),
    }
    refused = Event()
    with ThreadPoolExecutor(len(acts)) as pool, services.database.write() as session:
        if not services.database.is_sqlite:
            session.execute(text("LOCK TABLE jobs, steps, logins IN ACCESS EXCLUSIVE MODE"))
        answers = {name: pool.submit(act) for name, act in acts.items()}
        answers["confirm"].add_done_callback(lambda _: refused.set())
        assert refused.wait(40)
        assert answers["confirm"].result().status_code == 503
        assert answers["confirm"].result().headers["Retry-After"]
    statuses = {name: answer.result().status_code for name, answer in answers.items()}

    assert set(statuses.values()) <= {200, 201, 202, 503}, statuses
    assert ann.confirm("while-locked").status_code == 201
    assert ann.upload(fresh).status_code == 202
    assert {fresh, kept} <= {job["id"] for job in ann.get(paths.JOBS).json["jobs"]}
