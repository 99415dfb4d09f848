"""`fnt-server user`: manages users and their tokens."""

from __future__ import annotations

import getpass
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer

from fnt.help_format import HelpCommand, HelpGroup
from fnt.wire.requests import PASSWORD_RULE
from fnt_server.auth import users
from fnt_server.cli.options import HELP_NAMES, DataDir, echo, open_database, read_config
from fnt_server.config import ConfigError
from fnt_server.db import schema
from fnt_server.db.connection import Database

user_app = typer.Typer(
    cls=HelpGroup,
    rich_markup_mode=None,
    no_args_is_help=True,
    context_settings=HELP_NAMES,
    help="Add, list and remove users; create their tokens.",
)

Email = Annotated[str, typer.Argument(metavar="EMAIL")]
PasswordStdin = Annotated[
    bool,
    typer.Option(
        "--password-stdin",
        help=f"Read the password from standard input: {PASSWORD_RULE}.",
    ),
]


@user_app.command("add", cls=HelpCommand)
def user_add(email: Email, password_stdin: PasswordStdin = False, data_dir: DataDir = None) -> None:
    """Create a user."""
    database = _migrated(data_dir)
    user = users.add_user(database, email, _read_password(from_stdin=password_stdin))
    echo(f"user {user.email} added")


@user_app.command("list", cls=HelpCommand)
def user_list(data_dir: DataDir = None) -> None:
    """List all users."""
    for user in users.list_users(_migrated(data_dir)):
        echo(user.email)


@user_app.command("passwd", cls=HelpCommand)
def user_passwd(
    email: Email, password_stdin: PasswordStdin = False, data_dir: DataDir = None
) -> None:
    """Change a password and end all logins of the user."""
    database = _migrated(data_dir)
    users.set_password(database, email, _read_password(from_stdin=password_stdin))
    echo(f"password of {email} changed")


@user_app.command("remove", cls=HelpCommand)
def user_remove(email: Email, data_dir: DataDir = None) -> None:
    """Remove a user and all their jobs."""
    users.remove_user(_migrated(data_dir), email)
    echo(f"user {email} removed")


@user_app.command("token", cls=HelpCommand)
def user_token(
    email: Email,
    days: Annotated[int, typer.Option(metavar="N", help="Days until it expires.")] = 90,
    data_dir: DataDir = None,
) -> None:
    """Create a personal access token (FNT_TOKEN) and print it; it is shown only once."""
    echo(users.make_personal_token(_migrated(data_dir), email, days=days))


def _migrated(data_dir: Path | None) -> Database:
    database = open_database(read_config(data_dir=data_dir))
    schema.migrate(database)
    return database


def _read_password(*, from_stdin: bool, ask: Callable[[str], str] = getpass.getpass) -> str:
    if from_stdin:
        return sys.stdin.readline().rstrip("\r\n")
    if not sys.stdin.isatty():
        raise ConfigError("no terminal to prompt on: use --password-stdin")
    sys.stderr.write(f"A password has {PASSWORD_RULE}.\n")
    password = ask("Password: ")
    if ask("Again: ") != password:
        raise ConfigError("passwords do not match")
    return password
