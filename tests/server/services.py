"""What tests of the server stand on: a broker and a PostgreSQL schema of their own."""

from __future__ import annotations

import contextlib
import os
import secrets
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import NoReturn

import psycopg
import pytest
from sqlalchemy import make_url

from e2e.harness import wait_for
from fnt_server import broker
from fnt_server.config import ConfigError
from fnt_server.supervisor import broker_binary

DEFAULT_DATABASE_URL = "postgresql://127.0.0.1:5432/test"


def absent(reason: str) -> NoReturn:
    """Skip, or fail where every service is promised to be there."""
    if os.environ.get("FNT_REQUIRE_SERVICES") == "1":
        pytest.fail(f"FNT_REQUIRE_SERVICES=1, but {reason}")
    pytest.skip(reason)


@contextlib.contextmanager
def private_schema() -> Iterator[str]:
    """Make a schema with a random name in the test database; yields the URL that uses it."""
    url = os.environ.get("FNT_TEST_DATABASE_URL", DEFAULT_DATABASE_URL)
    schema = f"fnt_test_{secrets.token_hex(6)}"
    try:
        with psycopg.connect(url, connect_timeout=3, autocommit=True) as connection:
            connection.execute(f"CREATE SCHEMA {schema}")
    except psycopg.Error as error:
        absent(f"no usable PostgreSQL: {error}")
    try:
        parts = make_url(url).update_query_dict({"options": f"-csearch_path={schema}"})
        yield parts.set(drivername="postgresql+psycopg").render_as_string(hide_password=False)
    finally:
        with psycopg.connect(url, connect_timeout=3, autocommit=True) as connection:
            connection.execute(f"DROP SCHEMA {schema} CASCADE")


class BrokerProcess:
    """A valkey of our own on a unix socket; may be stopped, frozen and started again."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.url = f"unix://{folder / 'broker.sock'}"
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        options = {
            "port": "0",
            "unixsocket": str(self._folder / "broker.sock"),
            "dir": str(self._folder),
            "appendonly": "yes",
            "save": "",
            "logfile": str(self._folder / "broker.log"),
        }
        words = [word for name, value in options.items() for word in (f"--{name}", value)]
        self.process = subprocess.Popen([broker_binary(), *words])
        wait_for(lambda: broker.answers(self.url), within_s=10, what="the broker answers")

    def kill(self) -> None:
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process = None


@contextlib.contextmanager
def private_broker() -> Iterator[BrokerProcess]:
    """Run a broker in a folder of its own with a short path."""
    with tempfile.TemporaryDirectory(prefix="fnt-test-") as folder:
        process = BrokerProcess(Path(folder))
        try:
            process.start()
        except ConfigError as error:
            absent(str(error))
        try:
            yield process
        finally:
            process.kill()
