"""A look into a server's record, past its doors: which steps run, and under which fence."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from contextlib import closing

from e2e.harness import ServerProcess


def running_steps(
    server: ServerProcess, *, job_id: int | None = None, kind: str | None = None
) -> Mapping[int, int]:
    """Return the steps being worked on, with their fences."""
    query = "SELECT id, fence FROM steps WHERE status = 'running'"
    query += " AND job_id = coalesce(?, job_id) AND kind = coalesce(?, kind)"
    return dict(_asked(server, query, job_id, kind))


def taken_over(server: ServerProcess, held: Mapping[int, int]) -> set[int]:
    """Return those of these steps that run under a newer fence."""
    running = running_steps(server)
    return {step for step, fence in held.items() if running.get(step, fence) > fence}


def ended(server: ServerProcess, held: Mapping[int, int]) -> set[int]:
    """Return those of these steps that need nobody any more."""
    query = "SELECT id, fence FROM steps WHERE status IN ('done', 'failed', 'dropped')"
    return {step for step, _ in _asked(server, query)} & held.keys()


def _asked(server: ServerProcess, query: str, *values: object) -> list[tuple[int, int]]:
    address = f"file:{server.data_dir / 'fnt.db'}?mode=ro"
    with closing(sqlite3.connect(address, uri=True)) as connection:
        return connection.execute(query, values).fetchall()
