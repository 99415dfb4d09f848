"""The command tree of `fnt-server`."""

from __future__ import annotations

import getpass
import logging
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer

from fnt_server import accounts, schema
from fnt_server.accounts import AccountError
from fnt_server.config import Config, ConfigError
from fnt_server.database import Database

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    help="The server of the French Novel Tool: `run` starts everything on this machine.",
)
user_app = typer.Typer(no_args_is_help=True, help="Add, list and remove users; make their tokens.")
app.add_typer(user_app, name="user")

SAMPLE_PACE_MS = 600

DataDir = Annotated[
    Path | None, typer.Option("--data-dir", help="Where everything is kept. [env: FNT_DATA_DIR]")
]
Email = Annotated[str, typer.Argument(metavar="EMAIL")]
PasswordStdin = Annotated[
    bool, typer.Option("--password-stdin", help="Read the password from standard input.")
]
Host = Annotated[str | None, typer.Option(help="Address to listen on. [env: FNT_HOST]")]
Port = Annotated[
    int | None, typer.Option(help="Port; 0 takes a free one. [env: FNT_PORT]", min=0, max=65535)
]
Workers = Annotated[
    int | None, typer.Option(help="Steps that run at once. [env: FNT_WORKERS]", min=1, max=256)
]


def run_command() -> int:
    """Run the command line; returns the exit code."""
    os.umask(0o077)  # database, files and key are for this user alone
    logging.basicConfig(
        level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s"
    )
    for noisy in ("alembic", "celery", "kombu", "gunicorn.error"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
    try:
        app()
    except (ConfigError, AccountError) as error:
        sys.stderr.write(f"fnt-server: {error}\n")
        return 2
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else 1
    return 0


def _config(**flags: object) -> Config:
    """Read the settings; a flag wins over the environment, and children see it there too."""
    for name, value in flags.items():
        if value is not None:
            os.environ[f"FNT_{name.upper()}"] = str(value)
    return Config.from_env()


@app.command()
def run(
    host: Host = None, port: Port = None, data_dir: DataDir = None, workers: Workers = None
) -> None:
    """Run broker, web and worker on this machine until Ctrl-C."""
    from fnt_server.supervisor import Supervisor  # noqa: PLC0415 -- not on Windows

    config = _config(host=host, port=port, data_dir=data_dir, workers=workers)
    Supervisor(config, tell=_say).run()


@app.command()
def web(
    host: Host = None,
    port: Port = None,
    data_dir: DataDir = None,
    fd: Annotated[int | None, typer.Option(hidden=True)] = None,
) -> None:
    """Run one web process; needs FNT_BROKER_URL."""
    from fnt_server.web import run_web  # noqa: PLC0415 -- not on Windows

    run_web(_ready_config(host=host, port=port, data_dir=data_dir), fd=fd)


@app.command()
def worker(data_dir: DataDir = None, workers: Workers = None) -> None:
    """Run one worker process group; needs FNT_BROKER_URL."""
    from fnt_server.worker import run_worker  # noqa: PLC0415 -- heavy, and not on Windows

    run_worker(_ready_config(data_dir=data_dir, workers=workers))


def _ready_config(**flags: object) -> Config:
    """Read the settings of a part that runs alone: it needs a broker and the newest schema."""
    config = _config(**flags)
    if config.is_embedded:
        raise ConfigError("FNT_BROKER_URL is not set: name a Redis or Valkey, or use `run`")
    database = _database(config)
    schema.require_current(database)
    database.dispose()
    return config


@app.command()
def migrate(
    data_dir: DataDir = None,
    to: Annotated[str, typer.Option(help="A revision; `base` empties the database.")] = "head",
) -> None:
    """Bring the database to the newest schema."""
    schema.migrate(_database(_config(data_dir=data_dir)), to)
    _say("the schema is up to date" if to == "head" else f"the schema is at {to}")


@app.command()
def check(data_dir: DataDir = None) -> None:
    """Look at settings, database, storage and broker without starting anything."""
    from fnt_server.check import findings  # noqa: PLC0415 -- heavy

    bad = False
    for finding in findings(_config(data_dir=data_dir)):
        bad = bad or not finding.is_well
        _say(f"{'ok  ' if finding.is_well else 'FAIL'} {finding.subject}: {finding.detail}")
    if bad:
        raise typer.Exit(2)


@app.command()
def demo(
    novel: Annotated[
        Path | None, typer.Argument(help="A PDF; a story of our own by default.")
    ] = None,
    output: Annotated[Path, typer.Option("--output", "-o", help="Where the result goes.")] = Path(
        "demo-out"
    ),
) -> None:
    """Show the main job: start a server, log in, upload with bars, stop everything."""
    from fnt_server.demo import run_demo  # noqa: PLC0415 -- only this command needs it
    from fnt_server.sample import story_pdf  # noqa: PLC0415 -- only this command needs it

    path = novel or story_pdf()
    if not path.is_file():
        raise ConfigError(f"there is no file {path}")
    pace_ms = 0 if novel else SAMPLE_PACE_MS
    raise typer.Exit(run_demo(path, output=output, pace_ms=pace_ms, say=_say))


@user_app.command("add")
def user_add(email: Email, password_stdin: PasswordStdin = False, data_dir: DataDir = None) -> None:
    """Create a user."""
    database = _migrated(data_dir)
    user = accounts.add_user(database, email, _read_password(from_stdin=password_stdin))
    _say(f"user {user.email} added")


@user_app.command("list")
def user_list(data_dir: DataDir = None) -> None:
    """List all users."""
    for user in accounts.list_users(_migrated(data_dir)):
        _say(user.email)


@user_app.command("passwd")
def user_passwd(
    email: Email, password_stdin: PasswordStdin = False, data_dir: DataDir = None
) -> None:
    """Change a password; all logins of the user end."""
    database = _migrated(data_dir)
    accounts.set_password(database, email, _read_password(from_stdin=password_stdin))
    _say(f"password of {email} changed")


@user_app.command("remove")
def user_remove(email: Email, data_dir: DataDir = None) -> None:
    """Remove a user with all their jobs."""
    accounts.remove_user(_migrated(data_dir), email)
    _say(f"user {email} removed")


@user_app.command("token")
def user_token(
    email: Email,
    days: Annotated[int, typer.Option(help="How long it lives.")] = 90,
    data_dir: DataDir = None,
) -> None:
    """Make a personal access token for machines (FNT_TOKEN) and print it, once."""
    _say(accounts.make_personal_token(_migrated(data_dir), email, days=days))


def _migrated(data_dir: Path | None) -> Database:
    database = _database(_config(data_dir=data_dir))
    schema.migrate(database)
    return database


def _database(config: Config) -> Database:
    config.prepare_data_dir()
    return Database(config.database_url)


def _read_password(*, from_stdin: bool, ask: Callable[[str], str] = getpass.getpass) -> str:
    if from_stdin:
        return sys.stdin.readline().rstrip("\r\n")
    if not sys.stdin.isatty():
        raise ConfigError("there is no terminal to ask on: use --password-stdin")
    password = ask("Password: ")
    if ask("Again: ") != password:
        raise ConfigError("the two passwords differ: nothing was changed")
    return password


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()
