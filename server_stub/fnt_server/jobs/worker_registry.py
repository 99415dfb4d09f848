"""Live workers: one row each, renewed by heartbeats."""

from __future__ import annotations

import contextlib

from sqlalchemy import delete, func, select
from sqlalchemy.exc import IntegrityError

from fnt_server.db.connection import Database, now
from fnt_server.db.models import Worker

LIVE_WITHIN_S = 20.0
"""Workers send a heartbeat at each wakeup (every 5 s) and while they work."""
DELETED_AFTER_S = 86400.0
"""Workers without a heartbeat for this long are deleted."""


def heartbeat(database: Database, worker_id: str, *, slots: int) -> None:
    """Record a worker's heartbeat; deletes workers long gone."""
    with contextlib.suppress(IntegrityError), database.write() as session:
        worker = session.get(Worker, worker_id)
        if worker is not None:
            worker.seen_at = now()
            return
        session.execute(delete(Worker).where(Worker.seen_at < now() - DELETED_AFTER_S))
        session.add(Worker(id=worker_id, slots=slots, seen_at=now()))


def count_live(database: Database) -> tuple[int, int]:
    """Return the number of live workers and of steps they can run at once."""
    with database.read() as session:
        found = session.execute(
            select(func.count(), func.coalesce(func.sum(Worker.slots), 0)).where(
                Worker.seen_at >= now() - LIVE_WITHIN_S
            )
        ).one()
    return found[0], int(found[1])


def live_workers(database: Database, *, within_s: float) -> list[str]:
    """Return the ids of workers with a heartbeat in the last `within_s` seconds."""
    with database.read() as session:
        return list(session.scalars(select(Worker.id).where(Worker.seen_at >= now() - within_s)))
