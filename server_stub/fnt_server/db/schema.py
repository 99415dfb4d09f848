"""Migrates the database's schema and checks its revision."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from enum import StrEnum
from pathlib import Path

from alembic import command
from alembic.config import Config as AlembicConfig
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text

from fnt_server.config import ConfigError
from fnt_server.db.connection import Database


class SchemaState(StrEnum):
    """A database's schema, compared with this version of the program."""

    CURRENT = "the newest schema"
    OLD = "an old schema: run `fnt-server migrate` first"
    NEWER = (
        "a newer schema than this version supports: install the newer version, or restore a backup"
    )


_LOCK = 0x666E74
"""Advisory lock under which one process at a time migrates PostgreSQL."""


def migrate(database: Database, revision: str = "head") -> None:
    """Bring the schema to a revision; `head` is the newest, `base` an empty database."""
    database.require_usable()
    config = _config()
    with _exclusive(database) as connection:
        config.attributes["connection"] = connection
        _go_to(config, revision, _current(connection))


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


def _go_to(config: AlembicConfig, revision: str, current: str | None) -> None:
    newest_first = [r.revision for r in ScriptDirectory.from_config(config).walk_revisions()]
    if current is not None and current not in newest_first:
        raise ConfigError(f"the database has {SchemaState.NEWER}")
    if revision not in {"head", "base", *newest_first}:
        raise ConfigError(
            f"revision {revision[:40]!a} not found, there are {', '.join(newest_first)}"
        )
    older = newest_first[newest_first.index(current) + 1 :] if current in newest_first else []
    if revision == "base" or revision in older:
        command.downgrade(config, revision)
    elif revision != current:
        command.upgrade(config, revision)


def state(database: Database) -> SchemaState:
    """Compare the schema with the newest one this version knows."""
    script = ScriptDirectory.from_config(_config())
    with database.engine.connect() as connection:
        found = _current(connection)
    if found == script.get_current_head():
        return SchemaState.CURRENT
    known = {revision.revision for revision in script.walk_revisions()}
    return SchemaState.OLD if found is None or found in known else SchemaState.NEWER


def require_current(database: Database) -> None:
    """Raise ConfigError if the schema is not current or the database cannot be used."""
    database.require_usable()
    found = state(database)
    if found is not SchemaState.CURRENT:
        raise ConfigError(f"the database has {found}")


def _current(connection: object) -> str | None:
    return MigrationContext.configure(connection).get_current_revision()  # type: ignore[arg-type]


def _config() -> AlembicConfig:
    config = AlembicConfig()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    return config
