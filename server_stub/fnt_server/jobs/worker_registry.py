"""Live workers: one row each, renewed by heartbeats."""

from __future__ import annotations

import contextlib

from sqlalchemy import delete, func, select
from sqlalchemy.exc import IntegrityError

from fnt_server.db.connection import Database, now
from fnt_server.db.models import Worker

LIVE_WITHIN_S = 20.0
"""A wakeup is sent every 5 s; a worker answers with a heartbeat, as it does while working."""
DELETED_AFTER_S = 86400.0
"""A worker that showed no life for so long will not come back."""


def heartbeat(database: Database, worker_id: str, *, slots: int) -> None:
    """Record a heartbeat of a worker; delete workers long gone."""
    with contextlib.suppress(IntegrityError), database.write() as session:
        worker = session.get(Worker, worker_id)
        if worker is not None:
            worker.seen_at = now()
            return
        session.execute(delete(Worker).where(Worker.seen_at < now() - DELETED_AFTER_S))
        session.add(Worker(id=worker_id, slots=slots, seen_at=now()))


def count_live(database: Database) -> tuple[int, int]:
    """Return how many workers live, and how many steps they can run at once."""
    with database.read() as session:
        found = session.execute(
            select(func.count(), func.coalesce(func.sum(Worker.slots), 0)).where(
                Worker.seen_at >= now() - LIVE_WITHIN_S
            )
        ).one()
    return found[0], int(found[1])


def live_workers(database: Database, *, within_s: float) -> list[str]:
    """Return the ids of workers that sent a heartbeat within so many seconds."""
    with database.read() as session:
        return list(session.scalars(select(Worker.id).where(Worker.seen_at >= now() - within_s)))
