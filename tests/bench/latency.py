"""An event's way in two parts: the commit itself, and from after the commit to the client."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from bench.listeners import keep_listeners
from bench.report import Figure, ms, percentile
from fnt_server.jobs import creation, queries, state
from fnt_server.messaging.event_bus import make_publisher
from fnt_server.messaging.event_manager import make_manager
from server.processes import Deployment
from server.records import new_job
from server.services import private_broker

MESSAGES_PER_S = 500
LATE_S = 5.0
ROOMY = {"FNT_MAX_SOCKETS": "450", "FNT_MAX_SOCKETS_PER_USER": "450"}


def measure(*, short: bool) -> Iterator[Figure]:
    """Change a job as a worker does; others watch it on bare sockets."""
    with tempfile.TemporaryDirectory() as folder, private_broker() as broker:
        deployment = Deployment(Path(folder), broker_url=broker.url, **ROOMY)
        try:
            for watchers in (1, 50) if short else (1, 50, 400):
                events = 20 if short or watchers > 50 else 200
                commits, ways = watched(deployment, watchers, events=events)
                if watchers == 1:
                    yield Figure(name="commit of an event, p50 / p99", value=_both(commits))
                yield Figure(
                    name=f"after the commit → client, {watchers} watchers, p50 / p99",
                    value=_both(ways),
                    wanted="1 ms / 5 ms" if watchers <= 50 else "p99 ≤ 20 ms",
                )
        finally:
            deployment.close()


def watched(
    deployment: Deployment, watchers: int, *, events: int
) -> tuple[list[float], list[float]]:
    """Return how long each commit took, and each event to each watcher after it, in seconds."""
    user_id, token = deployment.add_user()
    job = creation.confirm(deployment.database, new_job(user_id))[0]
    publisher = make_publisher(deployment.config, make_manager(deployment.config))
    web = deployment.start_web()
    commits: list[float] = []
    committed: dict[int, float] = {}
    with keep_listeners(web.url, token, [job.id] * watchers) as listeners:
        time.sleep(1.0)  # until the threads that served the joins are at rest
        for number in range(events):
            time.sleep(watchers / MESSAGES_PER_S)
            began = time.time()
            with deployment.database.write() as session:
                changed = state.advance(session, job.id, progress=number % 100)
            assert changed
            committed[changed.version] = time.time()
            publisher.publish(queries.snapshot(changed).to_wire())
            commits.append(committed[changed.version] - began)
        listeners.wait_for(events * watchers, within_s=LATE_S)
    publisher.close()
    web.process.kill()
    return commits, [at - committed[v] for v, at in listeners.arrivals if v in committed]


def _both(delays: list[float]) -> str:
    return " / ".join(ms(percentile(delays, share)) for share in (0.5, 0.99))
