"""How soon a server that is started answers its first request, and how soon it is gone."""

from __future__ import annotations

import statistics
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import httpx

from bench.report import Figure, memory_kib, seconds
from e2e.harness import ServerProcess

IDLE_S = 3.0
"""After the first answer, so that the worker is there too."""


def measure(*, short: bool) -> Iterator[Figure]:
    """Boot and stop servers on fresh data folders."""
    boots, stops, memory = [], [], []
    for _ in range(1 if short else 5):
        with tempfile.TemporaryDirectory() as folder:
            server = ServerProcess(Path(folder) / "data")
            boots.append(seconds(lambda server=server: _first_answer(server)))
            time.sleep(IDLE_S)
            assert server.process
            memory.append(memory_kib([server.process.pid, *server.descendants()]))
            stops.append(seconds(server.stop))
    yield Figure(
        name="fnt-server run to the first answered request",
        value=f"{statistics.median(boots):.2f} s",
    )
    yield Figure(
        name="idle memory of all its processes", value=f"{statistics.median(memory) / 1024:.0f} MiB"
    )
    yield Figure(
        name="SIGTERM to the end", value=f"{statistics.median(stops):.2f} s", wanted="≤ 5 s"
    )


def _first_answer(server: ServerProcess) -> None:
    server.start()
    assert httpx.get(f"{server.url}/api/v1/health").status_code == 200
