"""Create a backup while the server runs; data outside the data folder is listed, not included."""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import sqlite3
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import delete, select

from fnt import __version__
from fnt_server.auth.tokens import load_key
from fnt_server.backup.archive import DATABASE, FILES, FORMAT, KEY, ArchiveWriter, Manifest
from fnt_server.config import Config
from fnt_server.config.environment import ConfigError
from fnt_server.config.service_urls import sqlite_url
from fnt_server.db import schema
from fnt_server.db.connection import Database
from fnt_server.db.models import Job, Worker
from fnt_server.jobs import state
from fnt_server.jobs.restart import restart_unfinished
from fnt_server.storage.object_store import local_folder

DUMP_HINT = "the database is PostgreSQL and not included: back it up with pg_dump, before the files"
BUCKET_HINT = "the files are in a bucket and not included: back it up with your provider's tools"


def create_backup(config: Config, target: Path, *, overwrite: bool) -> Manifest:
    """Write a backup (0600), which has its name only when it is whole; raises ConfigError."""
    if target.exists() and not overwrite:
        raise ConfigError(f"{target} exists: choose another name, or pass --overwrite")
    try:
        with _workspace(target) as folder:
            manifest = _write(config, folder)
            _publish(folder / "archive", target, overwrite=overwrite)
    except (OSError, sqlite3.Error) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise ConfigError(f"cannot write the backup {target}: {reason}") from error
    return manifest


def missing_parts(manifest: Manifest) -> list[str]:
    """Return what a backup does not hold, and what to do instead."""
    hints = {DUMP_HINT: manifest.has_database, BUCKET_HINT: manifest.has_files}
    return [hint for hint, is_held in hints.items() if not is_held]


def _write(config: Config, folder: Path) -> Manifest:
    archive = ArchiveWriter(folder / "archive")
    files = local_folder(config.storage_url)
    database = Database(config.database_url)
    try:
        if database.is_sqlite and not Path(database.engine.url.database or "").is_file():
            raise ConfigError(f"there is no database in {config.data_dir}: check --data-dir")
        schema.require_current(database)
        copy = _copied(database, folder / DATABASE) if database.is_sqlite else None
        count = 0
        if files is not None:
            keys = _all_keys(files) if copy is None else _needed_keys(copy)
            found = {key for key in keys if _add_file(archive, files, key)}
            count = len(found)
            if copy is not None:
                _drop_deleted(copy, database, present=found)
        if copy is not None:
            _finish(copy)
            _add_path(archive, DATABASE, folder / DATABASE)
    finally:
        database.dispose()
    load_key(config.secret_key_file)
    _add_path(archive, KEY, config.secret_key_file)
    manifest = Manifest(
        format=FORMAT,
        version=__version__,
        created_at=datetime.now(UTC).isoformat(timespec="seconds"),
        has_database=copy is not None,
        has_files=files is not None,
        has_key=True,
        file_count=count,
    )
    archive.close(manifest, folder)
    return manifest


def _copied(database: Database, path: Path) -> Database:
    """Copy a SQLite database as it is at one moment; writers do not wait for it."""
    with (
        contextlib.closing(sqlite3.connect(path)) as target,
        database.engine.connect() as connection,
    ):
        source = connection.connection.dbapi_connection
        assert source is not None
        source.backup(target)
    return Database(sqlite_url(path))


def _needed_keys(copy: Database) -> Iterator[str]:
    """Yield the keys of uploads and results; unfinished jobs start anew, without their rest."""
    with copy.read() as session:
        for row in session.execute(select(Job.file_key, Job.result_key)):
            yield from filter(None, row)


def _all_keys(files: Path) -> Iterator[str]:
    for path in sorted((files / "jobs").rglob("*")):
        if path.is_file() and "#" not in path.name:  # a draft of an unfinished write
            yield path.relative_to(files).as_posix()


def _add_file(archive: ArchiveWriter, files: Path, key: str) -> bool:
    try:
        with (files / key).open("rb") as file:
            archive.add(f"{FILES}/{key}", file)
    except FileNotFoundError:
        return False
    return True


def _add_path(archive: ArchiveWriter, name: str, path: Path) -> None:
    with path.open("rb") as file:
        archive.add(name, file)


def _drop_deleted(copy: Database, database: Database, *, present: set[str]) -> None:
    """Remove jobs from the copy that were deleted, with their files, while it was made."""
    with copy.read() as session:
        rows = session.execute(select(Job.id, Job.file_key, Job.result_key)).all()
    without = [row.id for row in rows if {*filter(None, row[1:])} - present]
    for begin in range(0, len(without), 500):
        ids = without[begin : begin + 500]
        with database.read() as session:
            kept = set(session.scalars(select(Job.id).where(Job.id.in_(ids))))
        with copy.write() as session:
            state.delete_rows(session, [job_id for job_id in ids if job_id not in kept])


def _finish(copy: Database) -> None:
    """Make the copy what a server finds that was stopped: nothing runs, and it is one file."""
    restart_unfinished(copy)
    with copy.write() as session:
        session.execute(delete(Worker))
    with copy.engine.connect() as connection:
        raw = connection.connection.dbapi_connection
        assert raw is not None
        raw.execute("PRAGMA journal_mode=DELETE")
    copy.dispose()


@contextlib.contextmanager
def _workspace(target: Path) -> Iterator[Path]:
    """Make a private folder beside the backup; what a killed run left in it is removed."""
    folder = target.with_name(f".{target.name}.part")
    folder.mkdir(mode=0o700, exist_ok=True)
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise ConfigError(f"another backup to {target} is running: wait for it") from None
        for left in folder.iterdir():
            left.unlink()
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)
    finally:
        os.close(handle)


def _publish(draft: Path, target: Path, *, overwrite: bool) -> None:
    with draft.open("rb") as file:
        os.fsync(file.fileno())
    if overwrite:
        draft.replace(target)
    else:
        os.link(draft, target)
    handle = os.open(target.parent, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
