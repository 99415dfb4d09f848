"""The database's schema: brought up to date, or found to be old."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config as AlembicConfig
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import text

from fnt_server.config import ConfigError
from fnt_server.database import Database

_LOCK = 0x666E74
"""Advisory lock under which one process at a time migrates PostgreSQL."""


def migrate(database: Database, revision: str = "head") -> None:
    """Bring the schema to a revision; `head` is the newest, `base` an empty database."""
    database.require_usable()
    config = _config()
    engine = database.engine.execution_options(fnt_write=True)
    with engine.begin() as connection:
        if not database.is_sqlite:
            connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})
        config.attributes["connection"] = connection
        _go_to(config, revision, _current(connection))


def _go_to(config: AlembicConfig, revision: str, current: str | None) -> None:
    newest_first = [r.revision for r in ScriptDirectory.from_config(config).walk_revisions()]
    older = newest_first[newest_first.index(current) + 1 :] if current in newest_first else []
    if revision == "base" or revision in older:
        command.downgrade(config, revision)
    elif revision != current:
        command.upgrade(config, revision)


def is_current(database: Database) -> bool:
    """Whether the schema is the newest one this version knows."""
    head = ScriptDirectory.from_config(_config()).get_current_head()
    with database.engine.connect() as connection:
        return _current(connection) == head


def require_current(database: Database) -> None:
    """Raise ConfigError when the schema is old or the database cannot be used."""
    database.require_usable()
    if not is_current(database):
        raise ConfigError("the database has an old schema: run `fnt-server migrate` first")


def _current(connection: object) -> str | None:
    return MigrationContext.configure(connection).get_current_revision()  # type: ignore[arg-type]


def _config() -> AlembicConfig:
    config = AlembicConfig()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    return config
