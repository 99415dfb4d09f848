"""Transactions on SQLite and PostgreSQL, and the database clock."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Double, Engine, create_engine, event, make_url, select, text
from sqlalchemy.exc import (
    ArgumentError,
    DBAPIError,
    InterfaceError,
    OperationalError,
    SQLAlchemyError,
)
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.orm import Session
from sqlalchemy.sql.functions import FunctionElement

from fnt_server.config.environment import ConfigError
from fnt_server.failure_reasons import READ_ONLY, known_reason

UNAVAILABLE = (OperationalError, InterfaceError, PoolTimeout)
"""Errors of a database that is down or overloaded; any other is a bug."""
_LOCKED = frozenset({"55P03", "40P01"})
"""PostgreSQL's codes of a lock that is not available, and of a deadlock."""
_MOMENT_MS = 200
_CONNECTIONS = "SELECT sum(numbackends), current_setting('max_connections') FROM pg_stat_database"
BUSY_TIMEOUT_MS = 5000
"""A writer waits this long for another before the request is answered 503."""


_KEEPALIVE = {
    "keepalives_idle": 5,
    "keepalives_interval": 2,
    "keepalives_count": 3,
    "tcp_user_timeout": 10_000,
}
"""How soon libpq gives up a dead connection, in seconds; the last in milliseconds."""


_SERVER_OPTIONS = {
    "lock_timeout": BUSY_TIMEOUT_MS,
    "tcp_user_timeout": 10_000,
    "idle_in_transaction_session_timeout": 30_000,
    "tcp_keepalives_idle": 5,
    "tcp_keepalives_interval": 2,
    "tcp_keepalives_count": 3,
}
"""How soon PostgreSQL itself gives up a client: after a cut it would keep the client's locks for
two hours. Timeouts in milliseconds, keepalives in seconds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pool:
    """How many connections one process may open to PostgreSQL; `docs/sizing.md` adds them up."""

    name: str
    """Shown by PostgreSQL as part of `application_name`."""
    size: int


WEB = Pool(name="web", size=20)
SLOT = Pool(name="worker", size=4)
"""Of each slot of a worker: its step, the renewal of its lease, its reaper, and one to spare."""
COMMAND = Pool(name="command", size=2)
_KEPT_OPEN = 0.5
"""The part of a pool that stays open when idle."""


class RowLocked(Exception):  # noqa: N818 -- the pass goes on
    """Another transaction holds a lock that this one would have to wait for."""


class now(FunctionElement[float]):  # noqa: N801 -- reads as the SQL function it is
    """Seconds since the epoch by the database's clock, with fractions."""

    type = Double()
    inherit_cache = True


@compiles(now, "sqlite")
def _sqlite_now(*_: Any, **__: Any) -> str:
    return "((julianday('now') - 2440587.5) * 86400.0)"


@compiles(now, "postgresql")
def _postgresql_now(*_: Any, **__: Any) -> str:
    return "CAST(EXTRACT(EPOCH FROM clock_timestamp()) AS DOUBLE PRECISION)"


def clock(session: Session) -> float:
    """Return the time by the database's clock, in seconds since the epoch."""
    return session.scalar(select(now())) or 0.0


class Database:
    """One engine. `read()` and `write()` are the only two kinds of transaction."""

    def __init__(self, url: str, *, pool: Pool = WEB) -> None:
        try:
            self.engine = _make_engine(url, pool)
        except (ArgumentError, ImportError, ValueError) as error:
            # The message may quote the URL and the password in it.
            raise ConfigError(f"cannot use DATABASE_URL: {type(error).__name__}") from error
        self.is_sqlite = self.engine.dialect.name == "sqlite"

    def require_usable(self) -> None:
        """Raise ConfigError if no connection can be made."""
        try:
            self.engine.connect().close()
        except DBAPIError as error:
            reason = known_reason(error) or (str(error.orig).splitlines() or [""])[0]
            raise ConfigError(f"cannot use the database: {reason}") from error

    def require_writable(self) -> None:
        """Raise ConfigError on a read-only replica; what SQLite raises if it cannot write."""
        with self.write() as session:
            if not self.is_sqlite and session.scalar(text("SHOW transaction_read_only")) == "on":
                raise ConfigError(READ_ONLY)

    def answers(self) -> bool:
        """Return whether the database answers; a frozen one may block forever."""
        try:
            with self.engine.connect() as connection:
                return bool(connection.scalar(text("SELECT 1")))
        except SQLAlchemyError:
            return False

    def count_connections(self) -> tuple[int, int]:
        """Return how many connections the PostgreSQL server has and may have; SQLite: 0, 0."""
        if self.is_sqlite:
            return 0, 0
        with self.read() as session:
            found = session.execute(text(_CONNECTIONS)).one()
        return int(found[0]), int(found[1])

    @contextlib.contextmanager
    def read(self) -> Iterator[Session]:
        """Open a transaction that only reads."""
        with Session(self.engine, expire_on_commit=False) as session, session.begin():
            yield session

    @contextlib.contextmanager
    def write(self) -> Iterator[Session]:
        """Open a transaction that writes; on SQLite it takes the write lock at its start.

        On SQLite, a read that later turns into a write fails at once, whatever the timeout.
        """
        with Session(self.engine, expire_on_commit=False) as session, session.begin():
            session.connection(execution_options={"fnt_write": True})
            yield session

    @contextlib.contextmanager
    def write_unless_locked(self) -> Iterator[Session]:
        """Open a transaction that raises RowLocked rather than wait for another one.

        For passes over many rows: a host that vanished while it held one must not stop them all.
        On SQLite, which has one lock for everything, it waits as `write` does.
        """
        try:
            with self.write() as session:
                if not self.is_sqlite:
                    session.execute(text(f"SET LOCAL lock_timeout = {_MOMENT_MS}"))
                yield session
        except OperationalError as error:
            if getattr(error.orig, "sqlstate", None) in _LOCKED:
                raise RowLocked from error
            raise

    def dispose(self) -> None:
        """Close all connections."""
        self.engine.dispose()


def _make_engine(url: str, pool: Pool) -> Engine:
    if url.startswith("sqlite"):
        engine = create_engine(url, pool_size=20, max_overflow=40, pool_timeout=5)
        event.listen(engine, "connect", _prepare_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
        return engine
    parts = make_url(url)
    for host in (parts.host or "").split(","):
        host.encode("idna")  # as the look-up does, which would raise it later
    given = parts.query.get("options", "")
    options = " ".join([str(given), *(f"-c {k}={v}" for k, v in _SERVER_OPTIONS.items())])
    kept_open = int(pool.size * _KEPT_OPEN)
    return create_engine(
        url,
        pool_size=kept_open,
        max_overflow=pool.size - kept_open,
        pool_timeout=5,
        pool_pre_ping=True,
        connect_args={
            "connect_timeout": 3,
            "application_name": f"fnt-server {pool.name}",
            "options": options.strip(),
            **_KEEPALIVE,
        },
    )


def _prepare_sqlite(connection: Any, _record: Any) -> None:
    connection.isolation_level = None  # we begin transactions ourselves, not sqlite3
    cursor = connection.cursor()
    cursor.execute(f"PRAGMA busy_timeout={BUSY_TIMEOUT_MS}")
    cursor.execute("PRAGMA journal_mode=WAL")
    cursor.execute("PRAGMA synchronous=FULL")
    cursor.execute("PRAGMA foreign_keys=ON")
    cursor.close()


def _begin_sqlite(connection: Any) -> None:
    writes = connection.get_execution_options().get("fnt_write")
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")
