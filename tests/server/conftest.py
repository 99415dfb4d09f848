"""Databases and brokers: SQLite and PostgreSQL, a valkey of our own."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import delete

from fnt_server import schema
from fnt_server.database import Database
from fnt_server.models import Base
from fnt_server.storage import Storage
from server.records import make_user
from server.services import BrokerProcess, private_broker, private_schema


@pytest.fixture(scope="session")
def broker_process() -> Iterator[BrokerProcess]:
    """The broker that all tests share that do not harm it."""
    with private_broker() as process:
        yield process


@pytest.fixture(scope="session")
def migrated_sqlite(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An empty SQLite database of the newest schema, to be copied."""
    path = tmp_path_factory.mktemp("sqlite") / "empty.db"
    database = Database(f"sqlite:///{path}")
    schema.migrate(database)
    database.dispose()
    return path


@pytest.fixture(scope="session")
def postgresql_url() -> Iterator[str]:
    """An empty PostgreSQL schema."""
    with private_schema() as url:
        yield url


@pytest.fixture(scope="session")
def migrated_postgresql(postgresql_url: str) -> str:
    database = Database(postgresql_url)
    schema.migrate(database)
    database.dispose()
    return postgresql_url


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of an empty database of the newest schema, of both kinds in turn."""
    if request.param == "postgresql":
        url: str = request.getfixturevalue("migrated_postgresql")
        return url
    path = tmp_path / "fnt.db"
    shutil.copyfile(request.getfixturevalue("migrated_sqlite"), path)
    return f"sqlite:///{path}"


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    """An empty database, of both kinds in turn."""
    database = Database(database_url)
    with database.write() as session:
        for table in reversed(Base.metadata.sorted_tables):
            session.execute(delete(table))
    yield database
    database.dispose()


@pytest.fixture
def user_id(database: Database) -> int:
    return make_user(database)


@pytest.fixture
def storage(tmp_path: Path) -> Storage:
    return Storage((tmp_path / "files").as_uri())
