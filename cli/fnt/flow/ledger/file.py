"""The ledger file: creation, opening, locking, and error messages."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from pathlib import Path

from fnt.errors import FntError, NotFoundError, TemporaryError, UsageError
from fnt.files import file_lock

APPLICATION_ID = 0x666E746C  # "fntl"
VERSION = 1
IN_MEMORY = Path(":memory:")
BUSY_S = 10.0

SCHEMA = """
CREATE TABLE facts (name TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE books (
    id INTEGER PRIMARY KEY,
    place BLOB NOT NULL,
    settings TEXT NOT NULL,
    path TEXT NOT NULL,
    filename TEXT NOT NULL,
    stem TEXT NOT NULL,
    run INTEGER NOT NULL,
    line INTEGER NOT NULL,
    status TEXT NOT NULL DEFAULT 'waiting',
    idempotency_key TEXT UNIQUE,
    sha256 TEXT,
    size_bytes INTEGER,
    modified_ns INTEGER,
    page_count INTEGER,
    job_id INTEGER,
    targets TEXT NOT NULL DEFAULT '[]',
    outputs TEXT NOT NULL DEFAULT '[]',
    error_code TEXT,
    error_message TEXT,
    attempts INTEGER NOT NULL DEFAULT 1,
    earlier_jobs TEXT NOT NULL DEFAULT '[]',
    created_at TEXT NOT NULL,
    updated_at TEXT NOT NULL,
    UNIQUE (place, settings)
);
CREATE INDEX books_by_run ON books (run, status);
"""


def open_file(path: Path, *, create: bool) -> sqlite3.Connection:
    """Open or create a ledger; raises FntError if the file is not a usable ledger."""
    if not create and not path.exists():
        raise NotFoundError(f"ledger {path} not found", hint="start one with: fnt batch run")
    with translated(path):
        connection = sqlite3.connect(
            path, timeout=BUSY_S, isolation_level=None, check_same_thread=False
        )
    try:
        with translated(path):
            connection.row_factory = sqlite3.Row
            _check_or_make(connection, path)
            # 0.5 ms per commit; a rollback journal, which remains the fallback, takes 13 ms.
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("PRAGMA synchronous = FULL")
    except BaseException:
        connection.close()
        raise
    return connection


def ledger_lock(path: Path) -> AbstractContextManager[None]:
    """Lock a ledger for one run; the lock is released even if the process is killed."""
    return file_lock(
        path.with_name(f".{path.name}.lock"),
        timeout_s=0,
        busy=f"another run is using {path}",
        hint="choose another one with --ledger FILE",
    )


@contextmanager
def translated(path: Path) -> Iterator[None]:
    """Translate SQLite errors into one-line messages."""
    try:
        yield
    except (sqlite3.Error, UnicodeError) as error:
        raise _error_of(error, path) from error


@contextmanager
def readable(path: Path) -> Iterator[None]:
    """Translate what reading a row raises whose columns are gone or hold something else."""
    try:
        yield
    except (LookupError, ValueError, TypeError, RecursionError) as error:
        raise _damaged(path) from error


def _error_of(error: Exception, path: Path) -> FntError:
    code = getattr(error, "sqlite_errorname", "") or ""
    if code.startswith("SQLITE_NOTADB"):
        return UsageError(f"{path} is not a ledger", hint="choose another file with --ledger FILE")
    if code.startswith("SQLITE_CORRUPT") or isinstance(error, UnicodeDecodeError):
        return _damaged(path)
    if code.startswith(("SQLITE_BUSY", "SQLITE_LOCKED")):
        return TemporaryError(f"the ledger {path} is in use", code="LOCKED")
    if code.startswith(("SQLITE_FULL", "SQLITE_IOERR")):
        return UsageError(f"the ledger {path} cannot be written: the disk is full or fails")
    return UsageError(
        f"the ledger {path} cannot be used: {error}",
        hint="choose another one with --ledger FILE",
    )


def _damaged(path: Path) -> FntError:
    return UsageError(
        f"the ledger {path} is damaged", hint="restore a backup of it before sending anything"
    )


def _check_or_make(connection: sqlite3.Connection, path: Path) -> None:
    application, version = (
        connection.execute(f"PRAGMA {name}").fetchone()[0]
        for name in ("application_id", "user_version")
    )
    is_new = not connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
    if is_new and (application, version) == (0, 0):
        _make(connection, path)
    elif application != APPLICATION_ID:
        raise UsageError(
            f"{path} is a database, but not a ledger", hint="choose another file with --ledger FILE"
        )
    elif version != VERSION:
        raise UsageError(f"the ledger {path} was made by another version of fnt")
    elif connection.execute("PRAGMA quick_check(1)").fetchone()[0] != "ok":
        raise _damaged(path)


def _make(connection: sqlite3.Connection, path: Path) -> None:
    """Create the tables atomically: if the process is killed, the file stays empty."""
    connection.executescript(
        f"BEGIN IMMEDIATE; {SCHEMA}"
        f"PRAGMA application_id = {APPLICATION_ID}; PRAGMA user_version = {VERSION}; COMMIT;"
    )
    if path == IN_MEMORY:
        return
    with suppress(OSError):  # the list of books is private
        os.chmod(path, 0o600)  # noqa: PTH101 -- next to the descriptor-based functions of os
