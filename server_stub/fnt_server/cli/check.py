"""`fnt-server check`: tests settings, database, storage and broker without starting anything."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from fnt_server.auth.tokens import load_key
from fnt_server.config import Config
from fnt_server.config.environment import ConfigError
from fnt_server.db import schema
from fnt_server.db.connection import COMMAND, Database
from fnt_server.db.schema import SchemaState
from fnt_server.failure_reasons import known_reason
from fnt_server.messaging import broker_probe
from fnt_server.monitoring.system_requirements import CHECKS
from fnt_server.sandbox.pipeline_process import PipelineProcess
from fnt_server.storage.write_probe import try_storage
from fnt_server.supervisor.embedded_broker import broker_binary


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckResult:
    """The result of one check."""

    subject: str
    is_ok: bool
    detail: str
    is_to_do: bool = False
    """Not wrong, but something has to be done before the server can start."""


class NotMigratedYet(Exception):  # noqa: N818 -- the state of a new database, not an error
    """The database has no tables yet."""


def run_checks(config: Config) -> Iterator[CheckResult]:
    """Run every check in turn; a failure does not keep the others from running."""
    checks: dict[str, Callable[[Config], str]] = {
        **CHECKS,
        "signing key": _signing_key,
        "database": _database,
        "storage": _storage,
        "broker": _broker,
        "events": _events,
        "sandbox": _sandbox,
    }
    for subject, check_one in checks.items():
        try:
            yield CheckResult(subject=subject, is_ok=True, detail=check_one(config))
        except NotMigratedYet as error:
            yield CheckResult(subject=subject, is_ok=True, detail=str(error), is_to_do=True)
        except ConfigError as error:
            yield CheckResult(subject=subject, is_ok=False, detail=str(error))
        except Exception as error:  # whatever is wrong is the result
            words = known_reason(error) or (str(error).splitlines() or [type(error).__name__])[0]
            yield CheckResult(subject=subject, is_ok=False, detail=words)


def _signing_key(config: Config) -> str:
    load_key(config.secret_key_file)
    return str(config.secret_key_file)


def _database(config: Config) -> str:
    database = Database(config.database_url, pool=COMMAND)
    try:
        database.require_usable()
        database.require_writable()
        if schema.state(database) is SchemaState.EMPTY:
            raise NotMigratedYet(
                f"{database.engine.dialect.name}, not migrated yet: "
                + ("`fnt-server run` does it" if config.is_embedded else "run `fnt-server migrate`")
            )
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
    broker_probe.require_usable(config.broker_url, setting="FNT_BROKER_URL")
    return "answers"


def _events(config: Config) -> str:
    if config.events_url in {"", config.broker_url}:
        return "through the broker"
    broker_probe.require_usable(config.events_url, setting="FNT_EVENTS_URL")
    return "answers"


def _sandbox(_config: Config) -> str:
    with PipelineProcess() as process:
        missing = process.missing_protection()
    if missing:
        return f"limits on memory, time and files; this system lacks {' and '.join(missing)}"
    return "no files, network or other processes; limits on memory and time"
