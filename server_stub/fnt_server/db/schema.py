"""Migrates the database's schema and checks its revision."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from enum import StrEnum
from pathlib import Path

from sqlalchemy import Connection, inspect, text

from fnt_server.config.environment import ConfigError
from fnt_server.db.connection import Database


class SchemaState(StrEnum):
    """A database's schema, compared with this version of the program."""

    CURRENT = "the newest schema"
    EMPTY = "no tables yet: run `fnt-server migrate`"
    OLD = "an old schema: run `fnt-server migrate` first"
    NEWER = (
        "a newer schema than this version supports: install the newer version, or restore a backup"
    )


_LOCK = 0x666E74
"""Advisory lock under which one process at a time migrates PostgreSQL."""
_MIGRATIONS = Path(__file__).parent / "migrations"


def migrate(database: Database, revision: str = "head") -> None:
    """Bring the schema to a revision; `head` is the newest, `base` an empty database."""
    database.require_usable()
    with _exclusive(database) as connection:
        _go_to(connection, revision)


@contextlib.contextmanager
def _exclusive(database: Database) -> Iterator[Connection]:
    """Open a transaction that excludes other migrations."""
    with database.engine.execution_options(fnt_write=True).connect() as connection:
        if database.is_sqlite:
            with _without_cascades(connection), connection.begin():
                yield connection
        else:
            with connection.begin():
                connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})
                yield connection


@contextlib.contextmanager
def _without_cascades(connection: Connection) -> Iterator[None]:
    """Keep rows that reference a table being rebuilt: SQLite drops the old one.

    Foreign keys can be switched only outside a transaction.
    """
    raw = connection.connection.dbapi_connection
    assert raw is not None
    raw.execute("PRAGMA foreign_keys=OFF")
    try:
        yield
    finally:
        raw.execute("PRAGMA foreign_keys=ON")


def _go_to(connection: Connection, revision: str) -> None:
    newest_first, current = _revisions(), _current(connection)
    if current is not None and current not in newest_first:
        raise ConfigError(f"the database has {SchemaState.NEWER}")
    if revision not in {"head", "base", *newest_first}:
        raise ConfigError(
            f"revision {revision[:40]!a} not found, there are {', '.join(newest_first)}"
        )
    if revision == "head":
        revision = newest_first[0]
    if revision == current:
        return
    from alembic import command  # noqa: PLC0415 -- slow to import, and rarely needed
    from alembic.config import Config  # noqa: PLC0415

    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS))
    config.attributes["connection"] = connection
    older = newest_first[newest_first.index(current) + 1 :] if current else []
    go = command.downgrade if revision == "base" or revision in older else command.upgrade
    go(config, revision)


def state(database: Database) -> SchemaState:
    """Compare the schema with the newest one this version knows."""
    newest_first = _revisions()
    with database.engine.connect() as connection:
        found = _current(connection)
    if found == newest_first[0]:
        return SchemaState.CURRENT
    if found is None:
        return SchemaState.EMPTY
    return SchemaState.OLD if found in newest_first else SchemaState.NEWER


def require_current(database: Database) -> None:
    """Raise ConfigError if the schema is not current or the database cannot be used."""
    database.require_usable()
    found = state(database)
    if found is not SchemaState.CURRENT:
        raise ConfigError(f"the database has {found}")


def _revisions() -> list[str]:
    """Return all revisions, newest first: the numbers that the names of their files begin with."""
    files = (_MIGRATIONS / "versions").glob("[0-9]*.py")
    return sorted((path.name.partition("_")[0] for path in files), reverse=True)


def _current(connection: Connection) -> str | None:
    if not inspect(connection).has_table("alembic_version"):
        return None
    found: str | None = connection.scalar(text("SELECT version_num FROM alembic_version"))
    return found
