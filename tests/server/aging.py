"""The database's clock cannot be turned; what it is compared with can."""

from __future__ import annotations

from typing import Any

from sqlalchemy import update

from fnt_server.db.connection import Database


def make_older(database: Database, column: Any, *, seconds: float) -> None:
    """Move a time column of every row into the past."""
    with database.write() as session:
        session.execute(update(column.class_).values({column.key: column - seconds}))
