"""How soon a server that is started answers its first request, and how soon it is gone."""

from __future__ import annotations

import statistics
import tempfile
from collections.abc import Iterator
from pathlib import Path

import httpx

from bench.report import Figure, seconds
from e2e.harness import ServerProcess


def measure(*, short: bool) -> Iterator[Figure]:
    """Boot and stop servers on fresh data folders."""
    boots, stops = [], []
    for _ in range(1 if short else 5):
        with tempfile.TemporaryDirectory() as folder:
            server = ServerProcess(Path(folder) / "data")
            boots.append(seconds(lambda server=server: _first_answer(server)))
            stops.append(seconds(server.stop))
    yield Figure(
        name="fnt-server run to the first answered request",
        value=f"{statistics.median(boots):.2f} s",
    )
    yield Figure(
        name="SIGTERM to the end", value=f"{statistics.median(stops):.2f} s", wanted="≤ 5 s"
    )


def _first_answer(server: ServerProcess) -> None:
    server.start()
    assert httpx.get(f"{server.url}/api/v1/health").status_code == 200
