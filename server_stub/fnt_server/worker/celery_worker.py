"""The Celery worker: hears the bell and lets a StepRunner take what is ready."""

from __future__ import annotations

import logging
import os
import sys
import time
import uuid
import warnings
from functools import cached_property

from billiard.compat import mem_rss
from celery import Celery, signals
from celery.exceptions import SecurityWarning
from sqlalchemy.exc import SQLAlchemyError

from fnt_server.config import Config
from fnt_server.db.connection import Database
from fnt_server.jobs import leases, queries, worker_registry
from fnt_server.jobs.reaper import Reaper
from fnt_server.messaging.broker import (
    BELL,
    MAX_CHILD_KIB,
    emit_job,
    make_bell,
    make_celery,
    make_manager,
    ring,
)
from fnt_server.messaging.publisher import Publisher
from fnt_server.metrics import STEPS_LOST
from fnt_server.monitoring import exporter
from fnt_server.storage.object_store import Storage
from fnt_server.worker.shutdown import Departure
from fnt_server.worker.step_runner import StepRunner

log = logging.getLogger(__name__)

ALIVE_EVERY_S = 4.0
CELERY_OPTIONS = (
    "--quiet", "worker", "--pool=prefork", "--without-gossip", "--without-mingle",
    "--without-heartbeat", "--loglevel=WARNING", "-O", "fair",
)  # fmt: skip


class Slot:
    """What one pool child holds. Made after the fork: threads and connections do not survive it."""

    def __init__(self, config: Config, *, worker_id: str, departure: Departure) -> None:
        self._config = config
        self._worker_id = worker_id
        self._departure = departure
        self._told_alive = 0.0
        self._is_at_work = False

    @cached_property
    def database(self) -> Database:
        """The record."""
        return Database(self._config.database_url)

    @cached_property
    def publisher(self) -> Publisher:
        """Where events and bells go."""
        manager, bell = make_manager(self._config, write_only=True), make_bell(self._config)
        return Publisher(
            emit=lambda job_id, job: emit_job(manager, job_id, job), ring=lambda: ring(bell)
        )

    @cached_property
    def runner(self) -> StepRunner:
        """What runs the steps."""
        return StepRunner(
            self._config,
            database=self.database,
            storage=Storage(self._config.storage_url),
            publisher=self.publisher,
            owner=leases.slot_owner(self._worker_id, os.getpid()),
            stopping=self._departure.has_begun,
            # Celery replaces a child between two bells, and with much to do there are none.
            is_spent=lambda: mem_rss() > MAX_CHILD_KIB,
        )

    @cached_property
    def reaper(self) -> Reaper:
        """This child's share of the healing; its pass also says that a busy worker lives."""
        return Reaper(self.database, self.publisher, also=self._tell_at_work)

    def begin(self) -> None:
        """Ring for what is ready already: Celery kills a child that begins by working."""
        self.reaper.start()
        self.publisher.ring()

    def hear(self) -> None:
        """Answer a bell."""
        try:
            self._tell_alive()
            self._take_back_from_the_dead()
            self._is_at_work = True
            self.runner.run_ready()
        except SQLAlchemyError as error:
            log.warning("bell not answered: %s", type(error).__name__)
        finally:
            self._is_at_work = False

    def _take_back_from_the_dead(self) -> None:
        """Take the steps of pool children that were killed: Celery has put others in their place.

        A number of a dead child that another process got by now is left to the lease.
        """
        for owner in leases.running_owners(self.database, worker_id=self._worker_id):
            if not _is_alive(int(owner.rpartition(".")[2])):
                lost = leases.take_back_from(self.database, owner)
                STEPS_LOST.inc(len(lost))
                for job in lost:
                    self.publisher.publish(queries.snapshot(job).to_wire())

    def close(self) -> None:
        """End what would outlive the child."""
        if "runner" in self.__dict__:
            self.runner.close()
        if "publisher" in self.__dict__:
            self.publisher.close()

    def _tell_at_work(self) -> None:
        if self._is_at_work:
            self._tell_alive()

    def _tell_alive(self) -> None:
        if time.monotonic() - self._told_alive > ALIVE_EVERY_S:
            worker_registry.tell_alive(self.database, self._worker_id, slots=self._config.workers)
            self._told_alive = time.monotonic()


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    return True


def make_worker(config: Config, *, worker_id: str, departure: Departure) -> Celery:
    """Make the Celery application with the bell's answer and the life of its pool children."""
    celery = make_celery(config)
    slot = Slot(config, worker_id=worker_id, departure=departure)

    @celery.task(name=BELL)  # type: ignore[untyped-decorator]  # celery has no types
    def hear() -> None:
        slot.hear()

    @signals.worker_shutting_down.connect(weak=False)  # type: ignore[untyped-decorator]
    def stop(**_: object) -> None:
        departure.begin()

    @signals.worker_process_init.connect(weak=False)  # type: ignore[untyped-decorator]
    def begin(**_: object) -> None:
        slot.begin()

    @signals.worker_process_shutdown.connect(weak=False)  # type: ignore[untyped-decorator]
    def finish(**_: object) -> None:
        slot.close()

    @signals.setup_logging.connect(weak=False)  # type: ignore[untyped-decorator]
    def leave_logging_alone(**_: object) -> None:
        """Celery sets up no logging where somebody listens to this."""

    return celery


def run_worker(config: Config) -> None:
    """Run a prefork worker until it is told to stop (SIGTERM)."""
    exporter.serve(exporter.listen(config.metrics_port))
    worker_id = os.environ.get("FNT_WORKER_ID") or uuid.uuid4().hex
    departure = Departure(config, worker_id=worker_id)
    celery = make_worker(config, worker_id=worker_id, departure=departure)
    # Celery warns of root because of pickle; here only JSON travels.
    warnings.simplefilter("ignore", SecurityWarning)
    # Celery would say there, past all logging, that it is stopping.
    sys.__stdout__ = None  # type: ignore[misc]
    try:
        celery.worker_main([*CELERY_OPTIONS, f"--concurrency={config.workers}"])
    finally:
        departure.end()
