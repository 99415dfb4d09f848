"""Migrations: forward and back, with rows in the tables, on both databases."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import inspect, select, text, update
from sqlalchemy.exc import IntegrityError

from fnt_server.config.environment import ConfigError
from fnt_server.db import schema
from fnt_server.db.connection import Database
from fnt_server.db.models import Base, DeviceLogin, DeviceStatus, Step, User
from fnt_server.db.schema import SchemaState
from server.records import at_once, fetch, fetch_steps, make_chunked, make_user
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
    assert schema.state(bare) is SchemaState.CURRENT

    schema.migrate(bare, "base")
    assert tables(bare) == set()
    assert schema.state(bare) is SchemaState.EMPTY

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

    assert schema.state(bare) is SchemaState.CURRENT


def test_a_migration_that_makes_a_table_anew_keeps_the_rows_that_point_to_it(
    bare: Database,
) -> None:
    schema.migrate(bare)
    job = make_chunked(bare, make_user(bare), chunks=3)

    schema.migrate(bare, "0001")
    schema.migrate(bare)

    assert fetch(bare, job.id).version == job.version
    assert len(fetch_steps(bare, job.id)) == 4
    assert numbered_once(bare) == {"users", "jobs"}
    with pytest.raises(IntegrityError), bare.write() as session:  # switched on again
        session.execute(update(Step).values(job_id=job.id + 1))


def numbered_once(database: Database) -> set[str]:
    """Return the tables that give the number of a deleted row to no other."""
    if not database.is_sqlite:
        return {"users", "jobs"}
    with database.read() as session:
        made = session.execute(text("SELECT name, sql FROM sqlite_master WHERE type = 'table'"))
        return {name for name, sql in made if "AUTOINCREMENT" in sql}


def test_a_schema_of_the_future_is_not_called_old(bare: Database) -> None:
    schema.migrate(bare)
    with bare.write() as session:
        session.execute(text("UPDATE alembic_version SET version_num = '9999'"))

    for use in (schema.require_current, schema.migrate):
        with pytest.raises(ConfigError, match="newer schema"):
            use(bare)


def test_a_revision_that_is_none_is_one_line(bare: Database) -> None:
    with pytest.raises(ConfigError, match="revision 'x' not found"):
        schema.migrate(bare, "x")


def test_require_current_refuses_a_bare_database(bare: Database) -> None:
    with pytest.raises(ConfigError, match="fnt-server migrate"):
        schema.require_current(bare)
    schema.migrate(bare)
    schema.require_current(bare)


def test_a_database_that_cannot_be_used_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "noise.db").write_bytes(b"no database" * 1000)
    urls = {
        f"sqlite:///{tmp_path / 'noise.db'}": "its file is damaged",
        f"sqlite:///{tmp_path / 'none' / 'x.db'}": "cannot open its file",
        "postgresql+psycopg://x:hunter2@127.0.0.1:1/x": "connection refused",
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


def test_device_logins_go_and_come_back_without_touching_users(bare: Database) -> None:
    schema.migrate(bare, "0003")
    with bare.write() as session:  # as the older version would have written it
        session.execute(
            text(
                "INSERT INTO users (id, email, name, password_hash, created_at)"
                " VALUES (7, 'old@example.org', 'old', '-', 1.0)"
            )
        )

    schema.migrate(bare)
    with bare.write() as session:
        assert session.get_one(User, 7).wrong_codes == 0
        session.add(
            DeviceLogin(
                id="d",
                device_hash="a",
                code_hash="b",
                client="fnt",
                host="",
                address="",
                status=DeviceStatus.APPROVED,
                user_id=7,
                interval_s=5,
                created_at=1.0,
                ends_at=2.0,
            )
        )
    schema.migrate(bare, "0003")
    assert "device_logins" not in tables(bare)
    schema.migrate(bare)

    with bare.read() as session:
        assert session.get_one(User, 7).email == "old@example.org"
        assert session.scalars(select(DeviceLogin)).all() == []


def test_every_migration_back_and_forth_keeps_numbers_from_being_used_again(
    bare: Database,
) -> None:
    schema.migrate(bare)
    for revision in ("0004", "0003", "0002", "0001"):
        schema.migrate(bare, revision)
        assert numbered_once(bare) == {"users", "jobs"}, revision
        schema.migrate(bare)

    assert numbered_once(bare) == {"users", "jobs"}
