"""Restores a backup into a data folder: all of it, or nothing.

The archive is unpacked into `.restore` and examined. Renaming that to `.restore-ready` decides it:
from then on, the next `restore` finishes what was interrupted, and no other command touches the
folder. What was there before moves to `before-restore-…`, then the new files move in.
"""

from __future__ import annotations

import os
import shutil
import sqlite3
import stat
import time
from contextlib import closing, suppress
from pathlib import Path
from typing import IO

from fnt_server.auth.tokens import load_key
from fnt_server.backup.archive import DATABASE, KEY, ArchiveReader, Manifest
from fnt_server.config import RESTORE_FOLDERS, Config
from fnt_server.config.environment import ConfigError
from fnt_server.config.service_urls import sqlite_url
from fnt_server.db import schema
from fnt_server.db.connection import Database
from fnt_server.db.schema import SchemaState
from fnt_server.supervisor.data_lock import LOCK_FILE, lock_data_dir

READY, MOVING = RESTORE_FOLDERS
UNPACKED = ".restore"
BEFORE = "before-restore-"


def restore_backup(config: Config, source: Path, *, replace: bool) -> Manifest | None:
    """Restore a backup into an empty data folder, or with `replace` into any; raises ConfigError.

    Returns None if it finished a restore that was interrupted, and did nothing else.
    """
    folder = config.data_dir
    try:
        with source.open("rb") as file:
            archive = _examined(config, file, source)
            with lock_data_dir(config, to_restore=True):
                if finish_interrupted(folder):
                    return None
                _require_room(folder, archive, replace=replace)
                _unpack(archive, folder / UNPACKED)
                (folder / UNPACKED).rename(folder / READY)
                _sync(folder)
                finish_interrupted(folder)
    except (OSError, sqlite3.Error) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise ConfigError(f"cannot restore {source}: {reason}") from error
    return archive.manifest


def finish_interrupted(folder: Path) -> bool:
    """Forget a restore that was not decided; finish one that was, and return whether there was."""
    shutil.rmtree(folder / UNPACKED, ignore_errors=True)
    ready, moving = folder / READY, folder / MOVING
    if ready.exists():
        _move_replaced(folder)
        ready.rename(moving)
        _sync(folder)
    is_decided = moving.exists()
    if is_decided:
        for entry in sorted(moving.iterdir()):
            entry.rename(folder / entry.name)
        _sync(folder)
        moving.rmdir()
    return is_decided


def _examined(config: Config, file: IO[bytes], source: Path) -> ArchiveReader:
    if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
        raise ConfigError(f"{source} is not a regular file")
    archive = ArchiveReader(file, source)
    default = Config.from_env({"FNT_DATA_DIR": str(config.data_dir)})
    for variable, is_held, is_default in (
        (
            "DATABASE_URL",
            archive.manifest.has_database,
            config.database_url == default.database_url,
        ),
        ("FNT_STORAGE_URL", archive.manifest.has_files, config.storage_url == default.storage_url),
    ):
        if is_held and not is_default:
            raise ConfigError(
                f"{variable} points outside the data folder: unset it, restore, then move the data"
            )
    return archive


def _require_room(folder: Path, archive: ArchiveReader, *, replace: bool) -> None:
    if _entries(folder) and not replace:
        raise ConfigError(
            f"{folder} is not empty: choose another --data-dir, or pass --replace, "
            "which keeps the old data in a separate folder"
        )
    _require_unused(folder / DATABASE)
    free = shutil.disk_usage(folder).free
    if archive.total_bytes > free:
        raise ConfigError(
            f"the backup needs {archive.total_bytes / 1e6:.0f} MB, but {folder} has only "
            f"{free / 1e6:.0f} MB left: free some space"
        )


def _require_unused(path: Path) -> None:
    """Raise ConfigError if a process has the database open, such as a `web` without `run`."""
    if not path.exists():
        return
    try:
        with closing(sqlite3.connect(path, timeout=0)) as connection:
            connection.execute("PRAGMA journal_mode=DELETE")
    except sqlite3.OperationalError as error:
        if "locked" in str(error):
            raise ConfigError(f"{path.parent} is in use: stop the server first") from None
    except sqlite3.DatabaseError:
        return  # damaged, which may be why it is to be replaced


def _unpack(archive: ArchiveReader, folder: Path) -> None:
    folder.mkdir(mode=0o700)
    try:
        archive.extract(folder)
        if archive.manifest.has_key:
            load_key(folder / KEY)
        if archive.manifest.has_database:
            _check_database(folder / DATABASE)
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise


def _check_database(path: Path) -> None:
    bad = ConfigError("the database in the backup is damaged, or not from fnt-server")
    try:
        with closing(sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True)) as connection:
            connection.execute("PRAGMA trusted_schema=OFF")
            kinds = {kind for (kind,) in connection.execute("SELECT type FROM sqlite_master")}
            if not kinds <= {"table", "index"}:
                raise bad
            if connection.execute("PRAGMA quick_check(1)").fetchone() != ("ok",):
                raise bad
            _check_keys(connection, bad)
    except sqlite3.DatabaseError:
        raise bad from None
    database = Database(sqlite_url(path))
    try:
        if schema.state(database) is SchemaState.NEWER:
            raise ConfigError(f"the backup has {SchemaState.NEWER}")
    finally:
        database.dispose()


def _check_keys(connection: sqlite3.Connection, bad: ConfigError) -> None:
    """Raise `bad` if a row names a file that is not one of a job: anybody could download it."""
    for table, columns in (
        ("jobs", ("file_key", "result_key")),
        ("steps", ("input_key", "output_key")),
    ):
        for column in columns:
            odd = f"{column} NOT GLOB 'jobs/*' OR instr({column}, '..')"
            if connection.execute(f"SELECT 1 FROM {table} WHERE {odd} LIMIT 1").fetchone():  # noqa: S608 -- names of our own
                raise bad


def _entries(folder: Path) -> list[Path]:
    """Return what belongs to the data: not our lock, nor what restores leave."""
    not_data = {LOCK_FILE, UNPACKED, READY, MOVING, "lost+found"}
    return [
        entry
        for entry in folder.iterdir()
        if entry.name not in not_data and not entry.name.startswith(BEFORE)
    ]


def _move_replaced(folder: Path) -> None:
    entries = _entries(folder)
    if not entries:
        return
    replaced = folder / f"{BEFORE}{time.strftime('%Y%m%dT%H%M%S', time.gmtime())}"
    replaced.mkdir(mode=0o700, exist_ok=True)
    for entry in entries:
        entry.rename(replaced / entry.name)


def _sync(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        with suppress(OSError):  # some file systems cannot
            os.fsync(handle)
    finally:
        os.close(handle)
