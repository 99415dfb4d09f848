"""What `run` forks. Each imports after the fork what the other does not need."""

from __future__ import annotations

import sys
from functools import partial

import fnt_server.jobs.reaper
import fnt_server.messaging.event_bus
import fnt_server.storage.object_store  # noqa: F401 -- imported once, shared by both
from fnt_server.cli.exit_codes import exit_code_of
from fnt_server.config import Config


def web(config: Config, *, fd: int) -> None:
    """Serve on an open socket until SIGTERM."""
    from fnt_server.web.gunicorn_server import run_web  # noqa: PLC0415 -- see above

    sys.exit(exit_code_of(partial(run_web, config, fd=fd)))


def worker(config: Config, *, worker_id: str) -> None:
    """Run steps until SIGTERM."""
    from fnt_server.worker.celery_worker import run_worker  # noqa: PLC0415 -- see above

    sys.exit(exit_code_of(partial(run_worker, config, worker_id=worker_id)))
