"""`fnt-server check`: tests settings, database, storage and broker without starting anything."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from fnt_server.auth.tokens import load_key
from fnt_server.config import Config
from fnt_server.db import schema
from fnt_server.db.connection import Database
from fnt_server.messaging import broker
from fnt_server.sandbox.pipeline_process import PipelineProcess
from fnt_server.storage.write_probe import try_storage
from fnt_server.supervisor.embedded_broker import broker_binary


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckResult:
    """The result of one check."""

    subject: str
    is_ok: bool
    detail: str


def run_checks(config: Config) -> Iterator[CheckResult]:
    """Run every check in turn; a failure does not keep the others from running."""
    checks: dict[str, Callable[[Config], str]] = {
        "data folder": _data_folder,
        "signing key": _signing_key,
        "database": _database,
        "storage": _storage,
        "broker": _broker,
        "sandbox": _sandbox,
    }
    for subject, check_one in checks.items():
        try:
            yield CheckResult(subject=subject, is_ok=True, detail=check_one(config))
        except Exception as error:  # whatever is wrong is the result
            reason = str(error).splitlines()[0] if str(error) else type(error).__name__
            yield CheckResult(subject=subject, is_ok=False, detail=reason)


def _data_folder(config: Config) -> str:
    config.prepare_data_dir()
    free = shutil.disk_usage(config.data_dir).free // 1_000_000_000
    return f"{config.data_dir}, {free} GB free"


def _signing_key(config: Config) -> str:
    assert config.secret_key_file
    load_key(config.secret_key_file)
    return str(config.secret_key_file)


def _database(config: Config) -> str:
    database = Database(config.database_url)
    try:
        schema.require_current(database)
        return f"{database.engine.dialect.name}, schema up to date"
    finally:
        database.dispose()


def _storage(config: Config) -> str:
    try_storage(config.storage_url)
    return "writable"


def _broker(config: Config) -> str:
    if config.is_embedded:
        return f"embedded, {broker_binary()}"
    if not broker.answers(config.broker_url):
        raise ConnectionError("no answer: check FNT_BROKER_URL")
    return "answers"


def _sandbox(_config: Config) -> str:
    with PipelineProcess() as process:
        missing = process.missing_protection()
    if missing:
        return f"limits on memory, time and files; this system lacks {' and '.join(missing)}"
    return "no files, network or other processes; limits on memory and time"
