"""`fnt-server user`: manages users and their tokens."""

from __future__ import annotations

import getpass
import sys
from collections.abc import Callable
from typing import Annotated

import typer

from fnt.help_format import HelpCommand, HelpGroup
from fnt.wire.requests import PASSWORD_RULE
from fnt_server.auth import users
from fnt_server.cli.audit_command import audit_log
from fnt_server.cli.options import HELP_NAMES, DataDir, echo, migrated_database, read_config
from fnt_server.cli.user_tokens import tokens_app
from fnt_server.config.environment import ConfigError
from fnt_server.storage.object_store import Storage, StorageDownError

user_app = typer.Typer(
    cls=HelpGroup,
    rich_markup_mode=None,
    no_args_is_help=True,
    context_settings=HELP_NAMES,
    help="Add, list and remove users; manage their tokens; read the audit log.",
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
    database = migrated_database(data_dir)
    user = users.add_user(database, email, _read_password(from_stdin=password_stdin))
    echo(f"user {user.email} added")


@user_app.command("list", cls=HelpCommand)
def user_list(data_dir: DataDir = None) -> None:
    """List all users."""
    for user in users.list_users(migrated_database(data_dir)):
        echo(user.email)


@user_app.command("passwd", cls=HelpCommand)
def user_passwd(
    email: Email, password_stdin: PasswordStdin = False, data_dir: DataDir = None
) -> None:
    """Change a password and end all logins and personal tokens of the user."""
    database = migrated_database(data_dir)
    users.set_password(database, email, _read_password(from_stdin=password_stdin))
    echo(f"password of {email} changed")


@user_app.command("remove", cls=HelpCommand)
def user_remove(email: Email, data_dir: DataDir = None) -> None:
    """Remove a user with their logins, tokens, jobs, files and results."""
    config = read_config(data_dir=data_dir)
    storage = Storage(config.storage_url)
    job_ids = users.remove_user(migrated_database(data_dir), email)
    echo(f"user {email} removed")
    try:
        for job_id in job_ids:
            storage.delete_under(f"jobs/{job_id}/")
    except (OSError, StorageDownError) as error:
        sys.stderr.write(
            f"fnt-server: the storage failed ({type(error).__name__}): "
            "the server deletes the remaining files within two days\n"
        )


@user_app.command("token", cls=HelpCommand)
def user_token(
    email: Email,
    days: Annotated[int, typer.Option(metavar="N", help="Days until it expires.")] = 90,
    name: Annotated[
        str | None, typer.Option("--name", metavar="NAME", help="What the token is for.")
    ] = None,
    data_dir: DataDir = None,
) -> None:
    """Create a personal token (FNT_TOKEN) and print it; it is shown only once."""
    database = migrated_database(data_dir)
    echo(users.make_personal_token(database, email, days=days, name=name))


user_app.add_typer(tokens_app, name="tokens")
user_app.command("audit", cls=HelpCommand)(audit_log)


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
