"""`fnt-server user tokens`: lists and revokes personal tokens."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Annotated, Any

import typer

from fnt.help_format import HelpCommand, HelpGroup
from fnt.wire.times import format_time
from fnt_server.auth import users
from fnt_server.cli.options import HELP_NAMES, DataDir, echo, migrated_database
from fnt_server.db.models import AccessToken
from fnt_server.logs import escaped

tokens_app = typer.Typer(
    cls=HelpGroup,
    rich_markup_mode=None,
    no_args_is_help=True,
    context_settings=HELP_NAMES,
    help="List and revoke personal tokens.",
)

Email = Annotated[str, typer.Argument(metavar="EMAIL")]


@tokens_app.command("list", cls=HelpCommand)
def tokens_list(
    email: Email,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print one JSON object per token.")
    ] = False,
    data_dir: DataDir = None,
) -> None:
    """List a user's valid personal tokens with their last use, oldest first."""
    for token in users.list_personal_tokens(migrated_database(data_dir), email):
        echo(json.dumps(_facts(token)) if as_json else _line(token))


@tokens_app.command("revoke", cls=HelpCommand)
def tokens_revoke(
    email: Email,
    token: Annotated[str, typer.Argument(metavar="TOKEN", help="Name, or start of the ID.")],
    data_dir: DataDir = None,
) -> None:
    """Revoke a personal token at once."""
    gone = users.revoke_personal_token(migrated_database(data_dir), email, token)
    echo(f"token {gone.id[:8]} ({_name(gone)}) of {email} revoked")


def _facts(token: AccessToken) -> dict[str, Any]:
    return {
        "id": token.id,
        "name": token.name,
        "created_at": _time(token.created_at),
        "expires_at": _time(token.ends_at),
        "last_used_at": token.last_used_at and _time(token.last_used_at),
    }


def _line(token: AccessToken) -> str:
    used = _time(token.last_used_at)[:16] + "Z" if token.last_used_at else "never"
    days = f"created {_time(token.created_at)[:10]}  expires {_time(token.ends_at)[:10]}"
    return f"{token.id[:8]}  {days}  last used {used:17}  {_name(token)}"


def _name(token: AccessToken) -> str:
    return "no name" if token.name is None else escaped(token.name)


def _time(seconds: float) -> str:
    return format_time(datetime.fromtimestamp(seconds, UTC))
