"""/health against real processes, with each dependency frozen, stopped and restored."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
from sqlalchemy import make_url, text

from e2e.harness import wait_for
from e2e.proxy import FaultProxy, proxied
from fnt.wire import paths
from fnt_server.db.models import Worker
from server.aging import make_older
from server.own_services import own_redis
from server.processes import Deployment, Process, WebProcess
from server.services import (
    BrokerProcess,
    bucket_environ,
    local_bucket,
    private_broker,
    private_schema,
)
from server.sockets import Listener

LIVE_WITHIN_S = 40.0
CONNECTIONS = ("database_connections", "max_database_connections")
WELL = {
    "database": "ok",
    "broker": "ok",
    "workers": 1,
    "events": "ok",
    "storage": "ok",
    "reaper": "ok",
}
ANSWERS_WITHIN_S = 5.0  # 2 s are promised; the rest is for a machine with other work to do


class Site:
    """A web process and a worker with a database, an event bus and a bucket behind proxies."""

    def __init__(self, deployment: Deployment, broker: BrokerProcess, **links: FaultProxy) -> None:
        self.deployment, self.broker = deployment, broker
        self.proxy, self.bus, self.bucket = links["database"], links["bus"], links["bucket"]
        self.token = deployment.add_user()[1]
        self.web: WebProcess = deployment.start_web()
        self.worker: Process = deployment.start_worker()

    def ask(self) -> tuple[int, dict[str, Any]]:
        """Ask for health; there is an answer in time, whatever is wrong."""
        headers = {"Authorization": f"Bearer {self.token}"}
        answer = httpx.get(self.web.url + paths.HEALTH, headers=headers, timeout=ANSWERS_WITHIN_S)
        return answer.status_code, answer.json()

    def wait_until(self, status: int, **checks: Any) -> None:
        wanted = {**WELL, **checks}
        seen: tuple[int, dict[str, Any]] = (0, {})

        def is_told() -> bool:
            nonlocal seen
            seen = code, body = self.ask()
            told = body.get("checks")
            if told is not None:
                used, most = (told.pop(name, None) for name in CONNECTIONS)
                assert (used is None and most is None) or 0 < used < most
            is_well = body["status"] == "ok"
            return (code, told) == (status, None if status == 503 else wanted) and is_well == (
                wanted == WELL and status == 200
            )

        try:
            wait_for(is_told, within_s=LIVE_WITHIN_S, what=f"{status} with {wanted}")
        except AssertionError as error:
            error.add_note(f"last: {seen}")
            raise


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with ExitStack() as stack:
        url = make_url(stack.enter_context(private_schema()))
        broker = stack.enter_context(private_broker())
        bus_port = stack.enter_context(own_redis())
        bucket_url, environ = stack.enter_context(local_bucket())
        ports = {
            "database": url.port or 5432,
            "bus": bus_port,
            "bucket": urlsplit(environ["AWS_ENDPOINT_URL"]).port,
        }
        links = {name: stack.enter_context(proxied(port or 0)) for name, port in ports.items()}
        through = url.set(host="127.0.0.1", port=links["database"].port)
        with pytest.MonkeyPatch.context() as patch:
            for name, value in bucket_environ(links["bucket"].url).items():
                patch.setenv(name, value)
            deployment = Deployment(
                tmp_path_factory.mktemp("deployment"),
                broker_url=broker.url,
                DATABASE_URL=through.render_as_string(hide_password=False),
                FNT_EVENTS_URL=f"redis://127.0.0.1:{links['bus'].port}/0",
                FNT_STORAGE_URL=bucket_url,
            )
            stack.callback(deployment.close)
            yield Site(deployment, broker, **links)


@pytest.mark.faults
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


@pytest.mark.faults
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


def test_a_subscription_that_is_half_open_is_told_and_replaced(site: Site) -> None:
    """Nothing arrives any more, but nothing is closed: only who asks notices."""
    site.wait_until(200)
    site.bus.faults.black_hole = True
    site.wait_until(200, events="down")
    assert "event subscription lost: no answer: check the network" in wait_for_log(site)
    site.bus.faults.black_hole = False
    site.wait_until(200)
    site.bus.reset_all()

    _, token = site.deployment.add_user()
    site.wait_until(200)
    listener = Listener(site.web.url).connect(token)
    listener.disconnect()


def wait_for_log(site: Site) -> str:
    wait_for(
        lambda: "event subscription lost" in site.deployment.logs(),
        within_s=LIVE_WITHIN_S,
        what="the log tells it",
    )
    return site.deployment.logs()


@pytest.mark.faults
@pytest.mark.parametrize("fault", ["refuse", "black_hole"])
def test_a_bucket_that_is_frozen_or_gone_is_told(site: Site, fault: str) -> None:
    site.wait_until(200)
    setattr(site.bucket.faults, fault, True)
    site.bucket.reset_all()
    site.wait_until(200, storage="down")
    setattr(site.bucket.faults, fault, False)
    site.bucket.reset_all()
    site.wait_until(200)


@pytest.mark.faults
def test_passes_of_the_reaper_that_fail_are_told(site: Site) -> None:
    site.wait_until(200)
    for old, new in (("steps", "steps_away"), ("steps_away", "steps")):
        with site.deployment.database.write() as session:
            session.execute(text(f"ALTER TABLE {old} RENAME TO {new}"))
        if new == "steps_away":
            site.wait_until(200, reaper="down")
    site.wait_until(200)

    assert "reaper pass failed: the tables are missing or old" in site.deployment.logs()
