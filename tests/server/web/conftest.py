"""A web process of each worker class, with what it needs; a module may give its own settings."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from fnt_server.concurrency import GEVENT, THREADS
from server.processes import Deployment, WebProcess
from server.services import BrokerProcess, scaled_out


@pytest.fixture(scope="module", params=[THREADS, pytest.param(GEVENT, marks=pytest.mark.faults)])
def worker_class(request: pytest.FixtureRequest) -> str:
    name: str = request.param
    return name


@pytest.fixture(scope="module")
def server_settings() -> dict[str, str]:
    """The settings of the deployment that are not the defaults."""
    return {}


@pytest.fixture(scope="module")
def deployment(
    worker_class: str,
    server_settings: dict[str, str],
    tmp_path_factory: pytest.TempPathFactory,
    broker_process: BrokerProcess,
) -> Iterator[Deployment]:
    """With threads on SQLite and our own broker, with gevent on PostgreSQL and Redis."""
    with ExitStack() as stack:
        services = {"FNT_BROKER_URL": broker_process.url}
        if worker_class == GEVENT:
            services = stack.enter_context(scaled_out())
        deployment = Deployment(
            tmp_path_factory.mktemp("deployment"),
            **services,
            **server_settings,
            FNT_WORKER_CLASS=worker_class,
        )
        stack.callback(deployment.close)
        yield deployment


@pytest.fixture(scope="module")
def web(deployment: Deployment) -> WebProcess:
    return deployment.start_web()
