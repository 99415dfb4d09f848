"""`fnt-server check` and the log name what is wrong with a service, and what to do next."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import httpx
import psycopg
import pytest
from sqlalchemy import make_url, text

from e2e import programs
from e2e.harness import clean_environ, wait_for
from fnt.wire import paths
from fnt_server.cli.check import run_checks
from fnt_server.config import Config
from fnt_server.db import schema
from fnt_server.db.connection import Database
from server.own_services import PASSWORD, own_postgresql, own_redis
from server.processes import Deployment
from server.services import BrokerProcess, bucket_environ, local_bucket

RESERVED = 1


def check(folder: Path, **environ: str) -> dict[str, str]:
    """Run the command; returns what it says of each subject that is not well."""
    environ = clean_environ(**{"FNT_DATA_DIR": str(folder), **environ})
    done = programs.run("fnt_server", "check", env=environ, timeout_s=120)
    assert not done.stderr
    said = [line.removeprefix("FAIL ") for line in done.stdout.splitlines() if "FAIL" in line]
    assert done.returncode == (2 if said else 0)
    assert ("todo database: " in done.stdout) == ("not migrated yet" in done.stdout)
    return dict(line.split(": ", 1) for line in said)


def looked_at(folder: Path, **environ: str) -> dict[str, str]:
    """Return the same without the second that a command takes to start."""
    config = Config.from_env({"FNT_DATA_DIR": str(folder), **environ})
    return {found.subject: found.detail for found in run_checks(config) if not found.is_ok}


@pytest.fixture(scope="module")
def cluster() -> Iterator[str]:
    """A PostgreSQL with room for four connections, one of them reserved."""
    with own_postgresql(max_connections=4, superuser_reserved_connections=RESERVED) as url:
        yield url


@contextmanager
def filled(url: str) -> Iterator[None]:
    """Take every connection there is."""
    with ExitStack() as stack:
        while True:
            try:
                stack.enter_context(psycopg.connect(url))
            except psycopg.OperationalError:
                break
        yield


@contextmanager
def connected(port: int) -> Iterator[None]:
    """Hold a connection that Redis has let in."""
    while True:
        with socket.create_connection(("127.0.0.1", port), timeout=5) as connection:
            connection.sendall(b"PING\r\n")
            if not connection.recv(99).startswith(b"-ERR max"):
                yield
                return


def with_parts(url: str, **parts: object) -> str:
    return make_url(url).set(**parts).render_as_string(hide_password=False)  # type: ignore[arg-type]


def test_a_new_database_is_to_be_migrated_and_a_newer_one_is_wrong(
    cluster: str, broker_process: BrokerProcess, tmp_path: Path
) -> None:
    config = {"FNT_DATA_DIR": str(tmp_path), "DATABASE_URL": cluster}
    for more, words in (
        ({}, "`fnt-server run` does it"),
        ({"FNT_BROKER_URL": broker_process.url}, "run `fnt-server migrate`"),
    ):
        [found] = [
            result
            for result in run_checks(Config.from_env({**config, **more}))
            if result.subject == "database"
        ]
        assert found.detail == f"postgresql, not migrated yet: {words}"
        assert (found.is_ok, found.is_to_do) == (True, True)
    assert check(tmp_path, DATABASE_URL=cluster) == {}

    database = Database(with_parts(cluster, drivername="postgresql+psycopg"))
    schema.migrate(database)
    assert check(tmp_path, DATABASE_URL=cluster) == {}
    with database.write() as session:
        session.execute(text("UPDATE alembic_version SET version_num = 'later'"))
    newer = looked_at(tmp_path, DATABASE_URL=cluster)["database"]
    with database.write() as session:
        session.execute(text("DROP SCHEMA public CASCADE"))
        session.execute(text("CREATE SCHEMA public"))
    database.dispose()

    assert "a newer schema than this version supports: install the newer version" in newer


@pytest.mark.parametrize(
    ("parts", "words"),
    [
        ({"password": "wrong"}, "wrong password: check user and password in DATABASE_URL"),
        ({"password": ""}, "wrong password: check user and password in DATABASE_URL"),
        ({"database": "nowhere"}, "database not found: create it, or correct DATABASE_URL"),
        ({"host": "nowhere.invalid"}, "host name not found: check DATABASE_URL"),
        ({"port": 1}, "connection refused: start it, or correct DATABASE_URL"),
    ],
)
def test_a_database_that_cannot_be_reached_is_named(
    cluster: str, tmp_path: Path, parts: dict[str, object], words: str
) -> None:
    said = looked_at(tmp_path, DATABASE_URL=with_parts(cluster, **parts))["database"]

    assert said.endswith(words)
    assert PASSWORD not in said


def test_a_user_without_rights_and_a_read_only_database_are_named(
    cluster: str, tmp_path: Path
) -> None:
    """From PostgreSQL 15 on, only the owner of a database may create tables in it."""
    other = with_parts(cluster, username="stranger")
    with psycopg.connect(cluster, autocommit=True) as connection:
        connection.execute(f"CREATE ROLE stranger LOGIN PASSWORD '{PASSWORD}'")
        connection.execute("GRANT USAGE ON SCHEMA public TO PUBLIC")
        connection.execute("REVOKE CREATE ON SCHEMA public FROM PUBLIC")
    environ = clean_environ(FNT_DATA_DIR=str(tmp_path), DATABASE_URL=other)
    done = programs.run("fnt_server", "migrate", env=environ, timeout_s=60)
    database = Database(with_parts(cluster, drivername="postgresql+psycopg"))
    schema.migrate(database)
    refused = looked_at(tmp_path, DATABASE_URL=other)["database"]
    read_only = f"{cluster}?options=-cdefault_transaction_read_only%3Don"
    replica = looked_at(tmp_path, DATABASE_URL=read_only)["database"]
    with database.write() as session:
        session.execute(text("DROP SCHEMA public CASCADE"))
        session.execute(text("CREATE SCHEMA public"))
    database.dispose()

    words = "access denied: let its user own the schema and its tables"
    assert (done.returncode, done.stdout) == (2, ""), done.stderr
    assert done.stderr == f"fnt-server: cannot use the database: {words}\n"
    assert refused == words
    assert replica == "it is read-only: use the primary server, or allow writing to the file"


def test_an_address_that_leads_to_something_else_is_named(
    cluster: str, tmp_path: Path, broker_process: BrokerProcess
) -> None:
    port = make_url(cluster).port
    with own_redis() as redis_port:
        said = looked_at(
            tmp_path,
            DATABASE_URL=f"postgresql://fnt@127.0.0.1:{redis_port}/x",
            FNT_BROKER_URL=f"redis://127.0.0.1:{port}/0",
        )

    assert said["database"].endswith("no answer: check the network and DATABASE_URL")
    assert said["broker"].endswith("check that FNT_BROKER_URL leads to Redis or Valkey")


def test_too_many_connections_are_named(cluster: str, tmp_path: Path) -> None:
    with filled(cluster):
        said = looked_at(tmp_path, DATABASE_URL=cluster)["database"]

    assert "too many connections: raise max_connections or run fewer processes" in said


def test_a_database_that_does_not_answer_is_named(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        said = looked_at(tmp_path, DATABASE_URL=f"postgresql://fnt@127.0.0.1:{port}/x")

    assert said["database"].endswith("no answer: check the network and DATABASE_URL")


@pytest.mark.parametrize(
    ("options", "address", "words"),
    [
        (["--requirepass", "x"], "", "wrong password: check user and password in"),
        (["--requirepass", "x"], ":bad@", "wrong password: check user and password in"),
        (["--replicaof", "127.0.0.1 1"], "", "a read-only replica: put the primary's address in"),
        (["--maxclients", "1"], "", "too many connections: raise maxclients"),
    ],
)
@pytest.mark.parametrize(
    ("setting", "subject"), [("FNT_BROKER_URL", "broker"), ("FNT_EVENTS_URL", "events")]
)
def test_a_broker_that_refuses_is_named(
    tmp_path: Path,
    broker_process: BrokerProcess,
    options: list[str],
    address: str,
    words: str,
    setting: str,
    subject: str,
) -> None:
    with own_redis(*options) as port, connected(port):
        url = f"redis://{address}127.0.0.1:{port}/0"
        said = looked_at(tmp_path, **{"FNT_BROKER_URL": broker_process.url, setting: url})[subject]

    assert said.startswith(words)
    assert setting in said or "maxclients" in said


def test_a_bucket_that_is_missing_and_an_endpoint_that_is_dead_are_named(
    tmp_path: Path, bucket_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def said(**environ: str) -> str:
        for name, value in environ.items():
            monkeypatch.setenv(name, value)
        return looked_at(tmp_path, FNT_STORAGE_URL="s3://nowhere/x")["storage"]

    missing = check(tmp_path, FNT_STORAGE_URL="s3://nowhere/x")["storage"]
    no_http = said(AWS_ALLOW_HTTP="")
    dead = said(**bucket_environ("http://127.0.0.1:1"))
    unknown = said(**bucket_environ("http://nowhere.invalid"))

    assert missing == "bucket not found: create it, or correct FNT_STORAGE_URL"
    assert no_http == "plain http is not allowed: use https, or set AWS_ALLOW_HTTP=true"
    assert dead == "connection refused: start the endpoint, or correct AWS_ENDPOINT_URL"
    assert unknown == "host name not found: check AWS_ENDPOINT_URL"


def test_the_log_names_what_check_would(
    cluster: str, tmp_path: Path, broker_process: BrokerProcess
) -> None:
    """A web process whose database has no connection left, and whose bucket is gone."""
    with local_bucket() as (url, environ):
        deployment = Deployment(
            tmp_path,
            broker_url=broker_process.url,
            DATABASE_URL=with_parts(cluster, drivername="postgresql+psycopg"),
            FNT_STORAGE_URL=url,
            **environ,
        )
        try:
            _, token = deployment.add_user()
            deployment.database.dispose()
            web = deployment.start_web()
            httpx.delete(f"{environ['AWS_ENDPOINT_URL']}/fnt-test").raise_for_status()
            end_all(cluster)
            with filled(cluster), web.client(token) as client:
                assert client.get(paths.JOBS).status_code == 503
            wait_for(
                lambda: "database unavailable: too many connections: raise" in deployment.logs(),
                within_s=30,
                what="the log names it",
            )
        finally:
            end_all(cluster)
            deployment.close()


def end_all(url: str) -> None:
    """End the connections of everybody else."""
    for _ in range(3):  # a pool may take a freed one at once
        try:
            with psycopg.connect(url, autocommit=True) as connection:
                connection.execute(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                    " WHERE pid <> pg_backend_pid() AND backend_type = 'client backend'"
                )
                return
        except psycopg.OperationalError:
            continue
