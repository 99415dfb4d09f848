"""Services for tests of the server: a broker and a PostgreSQL schema of their own."""

from __future__ import annotations

import contextlib
import os
import random
import secrets
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import psycopg
import redis
from sqlalchemy import make_url

from e2e.harness import wait_for
from fnt_server.config.environment import ConfigError
from fnt_server.messaging import broker_probe
from fnt_server.supervisor.embedded_broker import broker_binary
from requirements import absent
from server.own_services import own_redis

DEFAULT_REDIS_URL = "redis://127.0.0.1:6379/0"
DEFAULT_DATABASE_URL = "postgresql://127.0.0.1:5432/test"


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


REDIS_MARK = "fnt.test.database"
"""In a database that tests have taken: what else is in it is theirs, for good."""
REDIS_CLAIM = "fnt.test.claim"
"""In a database that tests use at this moment; expires where nobody renews it."""
CLAIM_S = 60
BROKER_KEYS = (b"_kombu.binding", b"fnt.steps", b"unacked")
"""How the names of Celery's keys begin, with our queue's."""


@contextlib.contextmanager
def private_redis() -> Iterator[str]:
    """Run a Redis; where one is given or cannot be run, claim a database of it. Yields the URL.

    A server has 15 databases to claim: too few for the tests of several people at once.
    """
    url = os.environ.get("FNT_TEST_REDIS_URL")
    if url is None and shutil.which("redis-server"):
        with own_redis() as port:
            yield f"redis://127.0.0.1:{port}/1"
    else:
        with claimed_redis(url or DEFAULT_REDIS_URL) as claimed:
            yield claimed


@contextlib.contextmanager
def claimed_redis(url: str) -> Iterator[str]:
    """Claim a free database of a Redis; yields its URL, leaves it empty."""
    with contextlib.ExitStack() as stack:
        number = _claimed_number(url)
        database = stack.enter_context(_database(url, number))
        stack.callback(database.flushdb)
        stack.enter_context(_renewed(database))
        yield urlsplit(url)._replace(path=f"/{number}").geturl()


def _database(url: str, number: int) -> redis.Redis:
    # A database in the URL overrides the argument `db`.
    url = urlsplit(url)._replace(path=f"/{number}").geturl()
    return redis.Redis.from_url(url, socket_timeout=3, retry=None)


def _claimed_number(url: str) -> int:
    """Claim a database, waiting for other runs of the tests to give one back."""
    waits_until = time.monotonic() + 2 * CLAIM_S
    while time.monotonic() < waits_until:
        for number in random.sample(range(1, 16), 15):
            with _database(url, number) as database:
                try:
                    if claim_database(database):
                        return number
                except redis.RedisError as error:
                    absent(f"no usable Redis: {error}")
        time.sleep(1)
    return absent("every database of the test Redis is in use")


def claim_database(database: redis.Redis) -> bool:
    """Take and empty a database, unless tests use it now or it holds somebody's keys.

    A run that was killed leaves its keys and the mark; its claim expires.
    """
    if not (database.exists(REDIS_MARK) or _is_free(database)):
        return False
    if not database.set(REDIS_CLAIM, "1", nx=True, ex=CLAIM_S):
        return False
    database.set(REDIS_MARK, "1")
    for key in database.scan_iter():
        if key not in (REDIS_MARK.encode(), REDIS_CLAIM.encode()):
            database.delete(key)
    return True


def _is_free(database: redis.Redis) -> bool:
    """Tell whether a database holds nothing but what a broker killed in a test left behind.

    A worker that outlives the claim by a moment declares its queue again.
    """
    return all(key.startswith(BROKER_KEYS) for key in database.scan_iter())


@contextlib.contextmanager
def _renewed(database: redis.Redis) -> Iterator[None]:
    """Keep the claim from expiring for as long as the block runs."""
    ended = threading.Event()

    def renew() -> None:
        while not ended.wait(CLAIM_S / 4):
            with contextlib.suppress(redis.RedisError):
                database.set(REDIS_CLAIM, "1", ex=CLAIM_S)

    thread = threading.Thread(target=renew, name="claim", daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()


@contextlib.contextmanager
def scaled_out() -> Iterator[dict[str, str]]:
    """Make room in PostgreSQL and Redis; yields the settings that lead there."""
    with private_schema() as database_url, private_redis() as broker_url:
        yield {"DATABASE_URL": database_url, "FNT_BROKER_URL": broker_url}


@contextlib.contextmanager
def local_bucket() -> Iterator[tuple[str, dict[str, str]]]:
    """Run an S3 server with a bucket; yields the storage's URL and the settings that lead there.

    In a process of its own: moto changes the credentials in the environment of the one it is in.
    """
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    endpoint = f"http://127.0.0.1:{port}"
    process = subprocess.Popen(
        [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )

    def is_made() -> bool:
        with contextlib.suppress(httpx.TransportError):
            return httpx.put(f"{endpoint}/fnt-test").is_success
        return False

    with process:
        try:
            wait_for(is_made, within_s=60, what="the S3 server")
            yield f"s3://fnt-test/{secrets.token_hex(4)}", bucket_environ(endpoint)
        finally:
            process.kill()


def bucket_environ(endpoint: str) -> dict[str, str]:
    """Return the settings by which the storage finds an S3 server."""
    return {
        "AWS_ENDPOINT_URL": endpoint,
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_REGION": "us-east-1",
        "AWS_ALLOW_HTTP": "true",
    }


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
        wait_for(lambda: broker_probe.answers(self.url), within_s=10, what="the broker answers")

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
