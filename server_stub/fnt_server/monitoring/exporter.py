"""Prometheus metrics on a loopback port: counters of the processes, gauges from the database."""

from __future__ import annotations

import os
import socket
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass

from prometheus_client import REGISTRY, CollectorRegistry
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector
from sqlalchemy import Row, func, select

from fnt.wire.job_status import JobStatus
from fnt_server.config import METRICS_FILES
from fnt_server.config.listen_address import open_listener
from fnt_server.db.connection import Database, now
from fnt_server.db.models import Job, Step, StepStatus
from fnt_server.jobs import worker_registry
from fnt_server.metrics import GAUGES
from fnt_server.monitoring.health_checks import HealthReport, TimedProbe
from fnt_server.monitoring.metrics_server import MetricsServer


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """Figures read from the database."""

    jobs: Mapping[str, int]
    steps: Mapping[str, int]
    queue_age_s: float
    workers: int
    slots: int


def read_figures(database: Database) -> Figures:
    """Count jobs, waiting steps and live workers."""
    with database.read() as session:
        jobs = session.execute(select(Job.status, func.count()).group_by(Job.status)).all()
        steps = session.execute(
            select(Step.status, func.count())
            .where(Step.status.in_((StepStatus.READY, StepStatus.RUNNING)))
            .group_by(Step.status)
        ).all()
        oldest = select(func.min(Step.not_before)).where(Step.status == StepStatus.READY)
        age_s = session.scalar(select(now() - oldest.scalar_subquery()))
    alive, slots = worker_registry.count_live(database)
    return Figures(
        jobs=dict.fromkeys(JobStatus, 0) | _counts(jobs),
        steps={StepStatus.READY: 0, StepStatus.RUNNING: 0} | _counts(steps),
        queue_age_s=max(0.0, age_s or 0.0),
        workers=alive,
        slots=slots,
    )


def _counts(rows: Iterable[Row[str, int]]) -> dict[str, int]:
    return {row[0]: row[1] for row in rows}


class DatabaseCollector(Collector):
    """Exports health, the database's figures and this process's sockets; never blocks for long."""

    def __init__(
        self,
        database: Database,
        *,
        sockets: Callable[[], int],
        health: Callable[[], HealthReport],
    ) -> None:
        self._figures = TimedProbe(lambda: read_figures(database))
        self._sockets = sockets
        self._health = health

    def collect(self) -> Iterator[Metric]:
        """Yield the metrics; without the database's figures if it does not answer."""
        figures, health = self._figures.run(), self._health()
        yield _gauge("fnt_sockets", self._sockets())
        yield _gauge("fnt_broker_up", health.broker)
        yield _gauge("fnt_events_up", health.events)
        yield _gauge("fnt_storage_up", health.storage)
        yield _gauge("fnt_reaper_up", health.reaper)
        if health.max_connections:
            yield _gauge("fnt_database_connections", health.connections)
            yield _gauge("fnt_database_connections_max", health.max_connections)
        yield _gauge("fnt_database_up", figures is not None)
        if figures is None:
            return
        yield _by_status("fnt_jobs", figures.jobs)
        yield _by_status("fnt_steps", figures.steps)
        yield _gauge("fnt_queue_age_seconds", figures.queue_age_s)
        yield _gauge("fnt_workers", figures.workers)
        yield _gauge("fnt_worker_slots", figures.slots)


def _gauge(name: str, value: float) -> Metric:
    return GaugeMetricFamily(name, GAUGES[name], value=float(value))


def _by_status(name: str, values: Mapping[str, int]) -> Metric:
    family = GaugeMetricFamily(name, GAUGES[name], labels=["status"])
    for status, value in values.items():
        family.add_metric([str(status)], value)
    return family


def listen(port: int) -> socket.socket | None:
    """Open the port on loopback; None if metrics are off (0). Raises ConfigError."""
    if not port:
        return None
    return open_listener("127.0.0.1", port, hint="choose another FNT_METRICS_PORT")


def serve(listener: socket.socket | None, *collectors: Collector) -> None:
    """Serve metrics on this socket from a daemon thread."""
    if listener is None:
        return
    registry = CollectorRegistry() if METRICS_FILES in os.environ else REGISTRY
    if METRICS_FILES in os.environ:
        MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
    for collector in collectors:
        registry.register(collector)
    server = MetricsServer(listener, registry)
    threading.Thread(target=server.serve_forever, name="metrics", daemon=True).start()
