"""The Celery worker: hears the bell and lets a StepRunner take what is ready."""

from __future__ import annotations

import logging
import mmap
import os
import time
import uuid
import warnings
from functools import cached_property

from celery import Celery, signals
from celery.exceptions import SecurityWarning
from sqlalchemy.exc import SQLAlchemyError

from fnt_server import steps
from fnt_server.broker import BELL, emit_job, make_bell, make_celery, make_manager, ring
from fnt_server.config import Config
from fnt_server.database import Database
from fnt_server.publisher import Publisher
from fnt_server.reaper import Reaper
from fnt_server.runner import StepRunner
from fnt_server.storage import Storage

log = logging.getLogger(__name__)

ALIVE_EVERY_S = 4.0


class Slot:
    """What one pool child holds. Made after the fork: threads and connections do not survive it."""

    def __init__(self, config: Config, *, worker_id: str, stop_flag: mmap.mmap) -> None:
        self._config = config
        self._worker_id = worker_id
        self._stop_flag = stop_flag
        self._told_alive = 0.0
        self._is_at_work = False

    def stopping(self) -> bool:
        """Whether the worker was told to stop."""
        return self._stop_flag[0] != 0

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
            worker_id=self._worker_id,
            stopping=self.stopping,
        )

    @cached_property
    def reaper(self) -> Reaper:
        """This child's share of the healing; its pass also says that a busy worker lives."""
        return Reaper(self.database, self.publisher, also=self._tell_at_work)

    def begin(self) -> None:
        """Ring for what is ready already: Celery kills a child that begins by working."""
        assert self.reaper
        self.publisher.ring()

    def hear(self) -> None:
        """Answer a bell."""
        try:
            self._tell_alive()
            self._is_at_work = True
            self.runner.run_ready()
        except SQLAlchemyError as error:
            log.warning("bell not answered: %s", type(error).__name__)
        finally:
            self._is_at_work = False

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
            steps.tell_alive(self.database, self._worker_id, slots=self._config.workers)
            self._told_alive = time.monotonic()


def make_worker(config: Config, *, worker_id: str | None = None) -> Celery:
    """Make the Celery application with the bell's answer and the life of its pool children."""
    celery = make_celery(config)
    stop_flag = mmap.mmap(-1, 1)  # shared with the children: set once, read between pieces of work
    slot = Slot(config, worker_id=worker_id or uuid.uuid4().hex, stop_flag=stop_flag)

    @celery.task(name=BELL)  # type: ignore[untyped-decorator]  # celery has no types
    def hear() -> None:
        slot.hear()

    @signals.worker_shutting_down.connect(weak=False)  # type: ignore[untyped-decorator]
    def stop(**_: object) -> None:
        stop_flag[0] = 1

    @signals.worker_process_init.connect(weak=False)  # type: ignore[untyped-decorator]
    def begin(**_: object) -> None:
        slot.begin()

    @signals.worker_process_shutdown.connect(weak=False)  # type: ignore[untyped-decorator]
    def finish(**_: object) -> None:
        slot.close()

    return celery


def run_worker(config: Config) -> None:
    """Run a prefork worker until it is told to stop (SIGTERM)."""
    celery = make_worker(config, worker_id=os.environ.get("FNT_WORKER_ID"))
    # Celery warns of root because of pickle; here only JSON travels.
    warnings.simplefilter("ignore", SecurityWarning)
    celery.worker_main(
        [
            "--quiet",
            "worker",
            "--pool=prefork",
            f"--concurrency={config.workers}",
            "--without-gossip",
            "--without-mingle",
            "--without-heartbeat",
            "--loglevel=WARNING",
            "-O",
            "fair",
        ]
    )
