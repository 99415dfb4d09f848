"""What the previous release has left, copied and aged: as if it had been killed a minute ago."""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import sqlite3
import tarfile
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import jwt
import psycopg

from requirements import absent

FIXTURES = Path(__file__).parent / "fixtures"
DATABASE_URL = os.environ.get("FNT_TEST_DATABASE_URL", "postgresql://127.0.0.1:5432/test")
KILLED_AGO_S = 60.0
"""By then leases are over, and device codes not yet."""


def unpack(name: str, folder: Path) -> None:
    """Unpack one of the fixtures."""
    with tarfile.open(FIXTURES / name) as tar:
        tar.extractall(folder, filter="data")


def read_results() -> dict[str, bytes]:
    """Return the result of the completed job in each format, as the previous release gave it."""
    with tarfile.open(FIXTURES / "results.tar.xz") as tar:
        return {entry.name: tar.extractfile(entry).read() for entry in tar}  # type: ignore[union-attr]  # all are files


def delay_since(made_at: float) -> float:
    """Return by how much all times must be moved."""
    return time.time() - KILLED_AGO_S - made_at


def age_sqlite(path: Path, *, by_s: float) -> None:
    """Move all times of a database."""
    with contextlib.closing(sqlite3.connect(path)) as database, database:
        tables = [
            row[0]
            for row in database.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")
        ]
        for table in tables:
            for column in database.execute(f"PRAGMA table_info({table})").fetchall():
                if column[2].startswith("DOUBLE"):
                    database.execute(f"UPDATE {table} SET {column[1]} = {column[1]} + ?", (by_s,))


@contextlib.contextmanager
def restored_postgres(*, by_s: float) -> Iterator[str]:
    """Restore the dump into a schema of its own, times moved; yields the URL that uses it."""
    schema = f"fnt_test_{secrets.token_hex(6)}"
    try:
        connection = psycopg.connect(DATABASE_URL, connect_timeout=3, autocommit=True)
    except psycopg.Error as error:
        absent(f"no usable PostgreSQL: {error}")
    with connection:
        try:
            connection.execute(_dump_for(schema))
            times = connection.execute(
                "SELECT table_name, column_name FROM information_schema.columns"
                " WHERE table_schema = %s AND data_type = 'double precision'",
                (schema,),
            ).fetchall()
            for table, column in times:
                connection.execute(f"UPDATE {schema}.{table} SET {column} = {column} + %s", (by_s,))
            yield f"{DATABASE_URL}?options=-csearch_path%3D{schema}"
        finally:
            connection.execute(f"DROP SCHEMA IF EXISTS {schema} CASCADE")


def _dump_for(schema: str) -> str:
    """Return the dump without psql's own commands, for another schema."""
    dump = (FIXTURES / "postgres.sql").read_text().replace("fnt_previous", schema)
    return "\n".join(line for line in dump.splitlines() if not line.startswith("\\"))


def move_home(home: Path, *, before: str, after: str, key: bytes, by_s: float) -> None:
    """Have an unpacked home name the server where it is now, with a login that is as old."""
    ports = before.rsplit(":", 1)[1], after.rsplit(":", 1)[1]
    trusted = home / "config" / "trusted.json"
    project = home / "project" / ".fnt.toml"
    for path in (home / "config" / "config.toml", project):
        path.write_text(path.read_text().replace(*ports))
    ((old_project, server),) = json.loads(trusted.read_text()).items()
    old_home = str(Path(old_project).parents[1])
    trusted.write_text(json.dumps({str(project.resolve()): server.replace(*ports)}))
    for folder in ("credentials", "seen"):
        for path in (home / "config" / folder).iterdir():
            path.rename(path.with_name(path.name.replace(*ports)))
    login = home / "config" / "credentials" / (quote(after, safe="") + ".json")
    login.write_text(json.dumps(_aged_login(json.loads(login.read_text()), key=key, by_s=by_s)))
    with contextlib.closing(
        sqlite3.connect(home / "library" / "books" / ".fnt-batch.ledger")
    ) as ledger:
        with ledger:
            changed = ledger.execute(
                "UPDATE facts SET value = ? WHERE name = 'server' AND value = ?", (after, before)
            ).rowcount
            for column in ("targets", "outputs"):
                ledger.execute(
                    f"UPDATE books SET {column} = replace({column}, ?, ?)", (old_home, str(home))
                )
        assert changed == 1


def _aged_login(login: dict[str, object], *, key: bytes, by_s: float) -> dict[str, object]:
    """Sign the refresh token anew with its times moved; the access token is over."""
    claims = jwt.decode(
        str(login["refresh_token"]), key, algorithms=["HS256"],
        options={"verify_exp": False, "verify_iat": False},
    )  # fmt: skip
    claims |= {name: int(claims[name] + by_s) for name in ("iat", "exp")}
    return {**login, "refresh_token": jwt.encode(claims, key, algorithm="HS256"), "expires_at": 0.0}
