"""Migrations: forward and back, with rows in the tables, on both databases."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import inspect

from fnt_server import schema
from fnt_server.config import ConfigError
from fnt_server.database import Database
from fnt_server.models import Base
from server.records import at_once, make_chunked, make_user
from server.services import private_schema


@pytest.fixture(params=["sqlite", "postgresql"])
def bare(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    """A database without any table."""
    if request.param == "sqlite":
        database = Database(f"sqlite:///{tmp_path / 'bare.db'}")
        yield database
        database.dispose()
        return
    with private_schema() as url:
        database = Database(url)
        yield database
        database.dispose()


def tables(database: Database) -> set[str]:
    return set(inspect(database.engine).get_table_names()) - {"alembic_version"}


def test_migrate_goes_forward_and_back_with_rows(bare: Database) -> None:
    schema.migrate(bare)
    make_chunked(bare, make_user(bare), chunks=3)
    schema.migrate(bare)
    assert schema.is_current(bare)

    schema.migrate(bare, "base")
    assert tables(bare) == set()
    assert not schema.is_current(bare)

    schema.migrate(bare)
    assert make_chunked(bare, make_user(bare), chunks=3)


def test_migrations_make_what_the_models_say(bare: Database) -> None:
    schema.migrate(bare)

    assert tables(bare) == set(Base.metadata.tables)
    with bare.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, Base.metadata) == []


def test_migrate_at_once_by_many(bare: Database) -> None:
    at_once([lambda: schema.migrate(bare)] * 4)

    assert schema.is_current(bare)


def test_require_current_refuses_a_bare_database(bare: Database) -> None:
    with pytest.raises(ConfigError, match="fnt-server migrate"):
        schema.require_current(bare)
    schema.migrate(bare)
    schema.require_current(bare)


def test_a_database_that_cannot_be_used_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "noise.db").write_bytes(b"no database" * 1000)
    urls = {
        f"sqlite:///{tmp_path / 'noise.db'}": "file is not a database",
        f"sqlite:///{tmp_path / 'none' / 'x.db'}": "unable to open database file",
        "postgresql+psycopg://x:hunter2@127.0.0.1:1/x": "port 1 failed",
    }
    for url, reason in urls.items():
        for use in (schema.migrate, schema.require_current):
            with pytest.raises(ConfigError, match=reason) as error:
                use(Database(url))
            assert "\n" not in str(error.value)
            assert "hunter2" not in str(error.value)


@pytest.mark.parametrize(
    "url", ["postgresql+nope://u:hunter2@h/x", "postgresql://u:hunter2@h:zz/x"]
)
def test_a_database_url_that_cannot_be_read_is_not_quoted(url: str) -> None:
    with pytest.raises(ConfigError, match="cannot use DATABASE_URL") as error:
        Database(url)

    assert "hunter2" not in str(error.value)
