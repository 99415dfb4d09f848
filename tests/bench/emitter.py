"""Sends events of many jobs at a fixed rate, by the way a worker's events take.

Called as `python -m bench.emitter FIRST LAST RATE SECONDS`, jobs by number; prints how many were
sent.
"""

from __future__ import annotations

import os
import sys
import time
from itertools import count

from sqlalchemy import text

from builders import make_snapshot
from fnt_server.config import Config
from fnt_server.db.connection import Database
from fnt_server.messaging.event_manager import emit_job, make_manager


def main() -> None:
    """Send, spread evenly over time; what came late is made up for."""
    first, last, rate = map(int, sys.argv[1:4])
    seconds = float(sys.argv[4])
    config = Config.from_env(os.environ)
    manager, database = make_manager(config), Database(config.database_url)
    job = make_snapshot().to_wire()
    began = time.perf_counter()
    for number in count():
        due = began + number / rate
        if due - began >= seconds:
            sys.stdout.write(str(number))
            return
        time.sleep(max(0.0, due - time.perf_counter()))
        job_id = first + number % (last - first + 1)
        _change(database, job_id)
        emit_job(manager, job_id, {**job, "id": job_id})


def _change(database: Database, job_id: int) -> None:
    """Change the job: `web` sends what the database holds, and each version once."""
    with database.write() as session:
        if not database.is_sqlite:
            session.execute(text("SET LOCAL synchronous_commit = off"))
        session.execute(
            text("UPDATE jobs SET version = version + 1, updated_at = :now WHERE id = :id"),
            {"now": time.time(), "id": job_id},
        )


if __name__ == "__main__":
    main()
