"""Many clients hold their connections open: others are answered all the same."""

from __future__ import annotations

import contextlib
import socket
import time
from collections.abc import Iterator

import httpx
import pytest

from fnt.wire import paths
from server.processes import Deployment, WebProcess
from server.services import BrokerProcess

ANSWERS_WITHIN_S = 2.0


@pytest.fixture(scope="module")
def deployment(
    tmp_path_factory: pytest.TempPathFactory, broker_process: BrokerProcess
) -> Iterator[Deployment]:
    deployment = Deployment(tmp_path_factory.mktemp("deployment"), broker_url=broker_process.url)
    yield deployment
    deployment.close()


@pytest.fixture(scope="module")
def web(deployment: Deployment) -> WebProcess:
    return deployment.start_web()


def health_s(web: WebProcess) -> float:
    """Return how long an answer took, in seconds."""
    start = time.monotonic()
    httpx.get(web.url + paths.HEALTH, timeout=60, trust_env=False).raise_for_status()
    return time.monotonic() - start


def test_clients_that_do_not_close_their_end(web: WebProcess) -> None:
    request = f"GET {paths.HEALTH} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
    with contextlib.ExitStack() as clients:
        for _ in range(60):
            client = clients.enter_context(socket.create_connection(("127.0.0.1", web.port)))
            client.sendall(request.encode())
        time.sleep(0.5)

        assert health_s(web) < ANSWERS_WITHIN_S
