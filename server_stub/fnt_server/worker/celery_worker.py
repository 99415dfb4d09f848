"""The Celery worker: on a wakeup, a StepRunner claims the ready steps."""

from __future__ import annotations

import gc
import logging
import os
import signal
import sys
import time
import warnings
from functools import cached_property

import cffi.cparser  # noqa: F401 -- billiard's children use it: imported before the fork, once
from billiard.compat import mem_rss
from celery import Celery, signals
from celery.exceptions import SecurityWarning
from kombu.asynchronous import get_event_loop
from sqlalchemy.exc import SQLAlchemyError

from fnt import __version__
from fnt_server.config import Config
from fnt_server.db.connection import SLOT, Database
from fnt_server.failure_reasons import reason
from fnt_server.hangup import on_hangup
from fnt_server.jobs import leases, queries, worker_registry
from fnt_server.jobs.reaper import Reaper
from fnt_server.messaging import wakeup_transport
from fnt_server.messaging.broker import WAKEUP_TASK, make_celery
from fnt_server.messaging.event_bus import Publisher, make_publisher
from fnt_server.messaging.event_manager import make_manager
from fnt_server.metrics import STEPS_LOST
from fnt_server.monitoring import exporter
from fnt_server.storage.object_store import Storage
from fnt_server.worker.shutdown import GracefulShutdown
from fnt_server.worker.step_runner import StepRunner

log = logging.getLogger(__name__)

HEARTBEAT_EVERY_S = 4.0
MAX_CHILD_KIB = 400_000
"""A larger pool child is replaced after its current wakeup."""
MAX_CHILD_WAKEUPS = 1000
"""A pool child is replaced after this many wakeups, whatever its size."""
WORKER_SETTINGS = {
    "worker_cancel_long_running_tasks_on_connection_loss": False,
    "worker_enable_remote_control": False,
    "worker_hijack_root_logger": False,
    "worker_max_memory_per_child": MAX_CHILD_KIB,
    "worker_max_tasks_per_child": MAX_CHILD_WAKEUPS,
    "worker_prefetch_multiplier": 1,
    "worker_send_task_events": False,
}


class PoolChild:
    """The resources of one pool child, created after the fork: threads would not survive it."""

    def __init__(self, config: Config, *, worker_id: str, shutdown: GracefulShutdown) -> None:
        self._config = config
        self._worker_id = worker_id
        self._shutdown = shutdown
        self._last_heartbeat = 0.0
        self._is_at_work = False

    @cached_property
    def database(self) -> Database:
        """The database."""
        return Database(self._config.database_url, pool=SLOT)

    @cached_property
    def publisher(self) -> Publisher:
        """The sender of events and wakeups."""
        return make_publisher(self._config, make_manager(self._config))

    @cached_property
    def runner(self) -> StepRunner:
        """The runner of steps."""
        return StepRunner(
            self._config,
            database=self.database,
            storage=Storage(self._config.storage_url),
            publisher=self.publisher,
            owner=leases.slot_owner(self._worker_id, os.getpid()),
            stopping=self._shutdown.has_begun,
            # Celery replaces a child between wakeups, but one under load is always busy with one.
            needs_recycling=lambda: mem_rss() > MAX_CHILD_KIB,
        )

    @cached_property
    def reaper(self) -> Reaper:
        """This child's reaper; its passes also send the heartbeats of a busy worker."""
        return Reaper(self.database, self.publisher, after_pass=self._heartbeat_while_working)

    def begin(self) -> None:
        """Start the reaper and send a wakeup: Celery kills a child that is busy during startup."""
        self.reaper.start()
        self.publisher.notify_workers()

    def on_wakeup(self) -> None:
        """Handle a wakeup."""
        try:
            self._heartbeat()
            self._reclaim_from_dead_children()
            self._is_at_work = True
            self.runner.run_ready()
        except SQLAlchemyError as error:
            log.warning("wakeup not handled: %s", reason(error))
        finally:
            self._is_at_work = False

    def _reclaim_from_dead_children(self) -> None:
        """Reclaim the steps of killed pool children, which Celery has already replaced.

        If another process has a dead child's pid by now, its steps wait for their lease to expire.
        """
        for owner in leases.running_owners(self.database, worker_id=self._worker_id):
            if not _is_alive(int(owner.rpartition(".")[2])):
                lost = leases.reclaim_from(self.database, owner)
                STEPS_LOST.inc(len(lost))
                for job in lost:
                    self.publisher.publish(queries.snapshot(job).to_wire())

    def close(self) -> None:
        """Close everything that would outlive the child."""
        if "runner" in self.__dict__:
            self.runner.close()
        if "publisher" in self.__dict__:
            self.publisher.close()

    def _heartbeat_while_working(self) -> None:
        if self._is_at_work:
            self._heartbeat()

    def _heartbeat(self) -> None:
        if time.monotonic() - self._last_heartbeat > HEARTBEAT_EVERY_S:
            worker_registry.heartbeat(self.database, self._worker_id, slots=self._config.workers)
            self._last_heartbeat = time.monotonic()


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    return True


def make_worker(config: Config, *, worker_id: str, shutdown: GracefulShutdown) -> Celery:
    """Create the Celery application with the wakeup task and the hooks of its pool children."""
    wakeup_transport.install()
    celery = make_celery(config)
    celery.conf.update(WORKER_SETTINGS)
    child = PoolChild(config, worker_id=worker_id, shutdown=shutdown)

    @celery.task(name=WAKEUP_TASK)  # type: ignore[untyped-decorator]  # celery has no types
    def on_wakeup() -> None:
        child.on_wakeup()

    @signals.worker_shutting_down.connect(weak=False)  # type: ignore[untyped-decorator]
    def stop(**_: object) -> None:
        shutdown.begin()

    @signals.worker_before_create_process.connect(weak=False)  # type: ignore[untyped-decorator]
    def keep_memory_shared(**_: object) -> None:
        gc.freeze()  # collecting in a child would write to it

    hangup = on_hangup()
    signalled, wakeup_fd = os.pipe()
    os.set_blocking(wakeup_fd, False)

    @signals.worker_ready.connect(weak=False)  # type: ignore[untyped-decorator]
    def notice_signals(**_: object) -> None:
        """Interrupt Celery's loop, which would go on to wait for up to a second."""
        if loop := get_event_loop():
            signal.set_wakeup_fd(wakeup_fd)
            loop.add_reader(signalled, os.read, signalled, 1)  # type: ignore[no-untyped-call]
        signal.signal(signal.SIGHUP, hangup)  # Celery would begin anew

    @signals.worker_process_init.connect(weak=False)  # type: ignore[untyped-decorator]
    def begin(**_: object) -> None:
        signal.signal(signal.SIGHUP, signal.SIG_IGN)  # as SIGINT: the parent decides
        child.begin()

    @signals.worker_process_shutdown.connect(weak=False)  # type: ignore[untyped-decorator]
    def finish(**_: object) -> None:
        child.close()
        if shutdown.has_begun():
            os._exit(0)  # billiard would sleep for a second

    @signals.setup_logging.connect(weak=False)  # type: ignore[untyped-decorator]
    def leave_logging_alone(**_: object) -> None:
        """Connected to this signal, Celery leaves logging alone."""

    return celery


def run_worker(config: Config, *, worker_id: str) -> None:
    """Run a prefork worker until SIGTERM."""
    exporter.serve(exporter.listen(config.metrics_port))
    log.info(
        "worker %s started: version %s, %d slots; %s",
        worker_id, __version__, config.workers, config.places,
    )  # fmt: skip
    shutdown = GracefulShutdown(config, worker_id=worker_id)
    celery = make_worker(config, worker_id=worker_id, shutdown=shutdown)
    # Celery warns about running as root because of pickle; we only use JSON.
    warnings.simplefilter("ignore", SecurityWarning)
    # Celery would print there that it is stopping, bypassing the log.
    sys.__stdout__ = None  # type: ignore[misc]
    worker = celery.Worker(
        pool_cls="prefork", concurrency=config.workers, optimization="fair", loglevel="WARNING",
        quiet=True, without_gossip=True, without_mingle=True, without_heartbeat=True,
    )  # fmt: skip
    try:
        worker.start()
    finally:
        shutdown.end()
    sys.exit(worker.exitcode)
