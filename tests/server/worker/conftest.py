"""A broker of the test's own, and deployments with its settings."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from server.processes import Deployment
from server.services import BrokerProcess, private_broker
from server.worker.deployments import MakeDeployment


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
