"""How soon a server that is started answers its first request, and how soon it is gone."""

from __future__ import annotations

import statistics
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import httpx

from bench.report import Figure, memory_kib, processor_of, seconds
from e2e.harness import ServerProcess

IDLE_S = 3.0
"""After the first answer, so that the worker is there too."""


def measure(*, short: bool) -> Iterator[Figure]:
    """Boot and stop servers on fresh data folders."""
    boots, stops, memory, resident, busy = [], [], [], [], []
    for _ in range(1 if short else 5):
        with tempfile.TemporaryDirectory() as folder:
            server = ServerProcess(Path(folder) / "data")
            boots.append(seconds(lambda server=server: _first_answer(server)))
            time.sleep(IDLE_S)
            assert server.process
            pids = [server.process.pid, *server.descendants()]
            memory.append(memory_kib(pids))
            resident.append(memory_kib(pids, kind="Rss"))
            busy.append(sum(map(processor_of, pids)))
            stops.append(seconds(server.stop))
    yield Figure(
        name="fnt-server run to the first answered request",
        value=f"{statistics.median(boots):.2f} s",
        wanted="≤ 1.0 s",
    )
    yield Figure(
        name="its processor time, all processes",
        value=f"{statistics.median(busy):.2f} s",
    )
    shared, resident_mib = (statistics.median(kib) / 1024 for kib in (memory, resident))
    yield Figure(
        name="idle memory of all its processes, PSS",
        value=f"{shared:.0f} MiB (RSS {resident_mib:.0f})",
        wanted="≤ 200 MiB",
    )
    yield Figure(
        name="SIGTERM to the end", value=f"{statistics.median(stops):.2f} s", wanted="≤ 1 s"
    )


def _first_answer(server: ServerProcess) -> None:
    server.start()
    assert httpx.get(f"{server.url}/api/v1/health").status_code == 200
