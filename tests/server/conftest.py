"""Databases and brokers: SQLite and PostgreSQL, a valkey of our own."""

from __future__ import annotations

import contextlib
import functools
import secrets
import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import delete

from fnt_server.auth import password_hashing
from fnt_server.config import Config
from fnt_server.db import schema
from fnt_server.db.connection import Database
from fnt_server.db.models import Base
from fnt_server.storage.object_store import Storage
from fnt_server.web.app import create_app
from server.records import CHEAP_HASHER, make_user
from server.services import BrokerProcess, local_bucket, private_broker, private_schema


@pytest.fixture(scope="session", autouse=True)
def _cheap_hashes() -> Iterator[None]:
    """Hash passwords as the server does, with less memory and time."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(password_hashing, "_hasher", CHEAP_HASHER)
        yield


@contextlib.contextmanager
def running_app(config: Config) -> Iterator[Flask]:
    """Build the app and end its threads afterwards."""
    app = create_app(config)
    try:
        yield app
    finally:
        app.extensions["fnt.reaper"].close()
        app.extensions["fnt.janitor"].close()
        app.extensions["fnt.background"].close()
        app.extensions["fnt"].health.close()
        app.extensions["fnt"].publisher.close()
        app.extensions["fnt"].database.dispose()


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


@pytest.fixture(scope="session")
def shared_sqlite(migrated_sqlite: Path) -> str:
    path = migrated_sqlite.with_name("shared.db")
    shutil.copyfile(migrated_sqlite, path)
    return f"sqlite:///{path}"


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request: pytest.FixtureRequest) -> str:
    """The URL of a database of the newest schema, of both kinds in turn."""
    name = "migrated_postgresql" if request.param == "postgresql" else "shared_sqlite"
    url: str = request.getfixturevalue(name)
    return url


@pytest.fixture(scope="session")
def open_database() -> Iterator[Callable[[str], Database]]:
    """Return a function that opens each database once.

    A new engine would compile every statement again and connect again, in each test.
    """
    with ExitStack() as stack:

        @functools.cache
        def opened(url: str) -> Database:
            database = Database(url)
            stack.callback(database.dispose)
            return database

        yield opened


@pytest.fixture
def database(database_url: str, open_database: Callable[[str], Database]) -> Database:
    """An empty database, of both kinds in turn."""
    database = open_database(database_url)
    with database.write() as session:
        for table in reversed(Base.metadata.sorted_tables):
            session.execute(delete(table))
    return database


@pytest.fixture(scope="session", params=["sqlite", "postgresql"])
def app(
    request: pytest.FixtureRequest,
    tmp_path_factory: pytest.TempPathFactory,
    broker_process: BrokerProcess,
) -> Iterator[Flask]:
    """The web side, on SQLite and a folder or on PostgreSQL and a bucket.

    The tests each bring users of their own.
    """
    folder = tmp_path_factory.mktemp("app")
    environ = {
        "FNT_DATA_DIR": str(folder),
        "FNT_BROKER_URL": broker_process.url,
        "FNT_MAX_UPLOAD_MB": "1",
        "FNT_CORS_ORIGINS": "https://friend.example",
    }
    with ExitStack() as stack:
        if request.param == "postgresql":
            environ["DATABASE_URL"] = stack.enter_context(private_schema())
            bucket_url = request.getfixturevalue("bucket_url")
            environ["FNT_STORAGE_URL"] = f"{bucket_url}/{secrets.token_hex(4)}"
        config = Config.from_env(environ)
        database = Database(config.database_url)
        schema.migrate(database)
        database.dispose()
        yield stack.enter_context(running_app(config))


@pytest.fixture
def user_id(database: Database) -> int:
    return make_user(database)


@pytest.fixture(scope="session")
def bucket_url() -> Iterator[str]:
    """A folder in a bucket of a local S3 server."""
    with local_bucket() as (url, environ), pytest.MonkeyPatch.context() as patch:
        for name, value in environ.items():
            patch.setenv(name, value)
        yield url


@pytest.fixture
def storage(tmp_path: Path) -> Storage:
    return Storage((tmp_path / "files").as_uri())
