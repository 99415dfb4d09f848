"""The pool child of a slot: its heartbeats, and how it begins."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from threading import Event

import pytest

from fnt_server.db.models import Worker
from fnt_server.jobs import worker_registry
from fnt_server.messaging.event_bus import Publisher
from fnt_server.worker import celery_worker
from fnt_server.worker.celery_worker import PoolChild
from fnt_server.worker.shutdown import GracefulShutdown
from server.aging import make_older
from server.worker.deployments import MakeDeployment


class Runner:
    """Stands for a slot at work on steps that take long."""

    def __init__(self, work: Callable[[], None]) -> None:
        self._work = work

    def run_ready(self) -> int:
        self._work()
        return 1


def test_a_busy_pool_child_sends_heartbeats(
    make_deployment: MakeDeployment, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It hears no wakeup while it works, and must not be taken for dead."""
    monkeypatch.setattr(celery_worker, "HEARTBEAT_EVERY_S", -1.0)
    deployment, seen = make_deployment(), []
    shutdown = GracefulShutdown(deployment.config, worker_id="w")
    child = PoolChild(deployment.config, worker_id="w", shutdown=shutdown)

    def work() -> None:
        make_older(deployment.database, Worker.seen_at, seconds=3600)
        child.reaper.run_once()
        seen.append(worker_registry.live_workers(deployment.database, within_s=60))

    child.__dict__["runner"] = Runner(work)  # a cached property takes what is put there
    child.on_wakeup()
    make_older(deployment.database, Worker.seen_at, seconds=3600)
    child.reaper.run_once()
    seen.append(worker_registry.live_workers(deployment.database, within_s=60))
    child.reaper.close()
    child.publisher.close()
    child.database.dispose()

    assert seen == [["w"], []]


def test_a_new_pool_child_sends_a_wakeup_and_does_not_begin_by_working(
    make_deployment: MakeDeployment,
) -> None:
    """Celery kills a child that takes over four seconds to begin."""
    deployment, woken, worked = make_deployment(), Event(), Event()
    shutdown = GracefulShutdown(deployment.config, worker_id="w")
    child = PoolChild(deployment.config, worker_id="w", shutdown=shutdown)
    child.__dict__["runner"] = Runner(worked.set)
    child.__dict__["publisher"] = Publisher(emit=lambda *_: None, send_wakeup=woken.set)

    child.begin()

    assert woken.wait(5)
    assert not worked.is_set()
    child.reaper.close()
    child.publisher.close()
    child.database.dispose()


def test_the_reaper_of_a_pool_child_also_starts_under_optimization(tmp_path: Path) -> None:
    """It was started within an assert, which `python -O` removes."""
    code = """
import sys, threading
from pathlib import Path
from fnt_server.config import Config
from fnt_server.worker.celery_worker import PoolChild
from fnt_server.worker.shutdown import GracefulShutdown
config = Config.from_env({"FNT_DATA_DIR": sys.argv[1], "FNT_BROKER_URL": "redis://127.0.0.1:1"})
PoolChild(config, worker_id="w", shutdown=GracefulShutdown(config, worker_id="w")).begin()
sys.exit("reaper" not in {thread.name for thread in threading.enumerate()})
"""
    done = subprocess.run([sys.executable, "-O", "-c", code, str(tmp_path)], check=False)

    assert done.returncode == 0
