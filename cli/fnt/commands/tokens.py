"""`fnt tokens list|create|revoke`."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated

import typer

from fnt.connection import Connection
from fnt.context import AppContext
from fnt.errors import AuthError, NotFoundError, UsageError
from fnt.local_server.local_use import LocalUse
from fnt.output.output_mode import OutputMode
from fnt.output.sanitize import clean
from fnt.wire.error_codes import ErrorCode
from fnt.wire.requests import MAX_TOKEN_DAYS
from fnt.wire.responses import PersonalToken
from fnt.wire.times import format_time

SHOWN_ID_CHARS = 8


def list_tokens(ctx: typer.Context) -> None:
    """List your personal tokens with their last use, oldest first."""
    context: AppContext = ctx.obj
    with _server_with_tokens(context) as server:
        tokens = server.api.list_tokens()
    context.report.answer["tokens_list"] = [token.to_wire() for token in tokens]
    for token in tokens:
        is_short = context.options.format is OutputMode.QUIET
        context.terminal.result(token.id if is_short else _line(token))
    if not tokens:
        context.terminal.say("no tokens")


def create(
    ctx: typer.Context,
    name: Annotated[str, typer.Argument(metavar="NAME", help="What the token is for.")],
    *,
    days: Annotated[
        int,
        typer.Option(
            "--days", metavar="N", min=1, max=MAX_TOKEN_DAYS, help="Days until it expires."
        ),
    ] = 90,
) -> None:
    """Create a personal token for FNT_TOKEN and print it; it is shown only once."""
    context: AppContext = ctx.obj
    with _server_with_tokens(context) as server:
        made = server.api.create_token(name, days=days)
    context.report.answer["tokens_create"] = made.to_wire()
    context.terminal.result(made.token)
    context.terminal.say(f"token {clean(name)} created; it expires {_day(made)}")


def revoke(
    ctx: typer.Context,
    token: Annotated[
        str, typer.Argument(metavar="TOKEN", help="Name of the token, or the start of its ID.")
    ],
) -> None:
    """Revoke a personal token at once."""
    context: AppContext = ctx.obj
    with _server_with_tokens(context) as server:
        tokens = server.api.list_tokens()
        found = [one for one in tokens if one.name == token or one.id.startswith(token or " ")]
        if len(found) == 1:
            server.api.revoke_token(found[0].id)
    if len(found) != 1:
        problem = "not unique: use its ID" if found else "not found"
        raise NotFoundError(f"token {clean(token[:60])} {problem}", hint="run: fnt tokens list")
    gone = found[0]
    context.report.answer["tokens_revoke"] = {"id": gone.id, "name": gone.name}
    context.terminal.say(f"token {gone.id[:SHOWN_ID_CHARS]} ({_name(gone)}) revoked")


@contextmanager
def _server_with_tokens(context: AppContext) -> Iterator[Connection]:
    """Connect to the server; raises UsageError if it lets users manage no tokens."""
    try:
        with context.connected(LocalUse.NEVER) as server:
            yield server
    except NotFoundError as error:
        if error.code not in (None, ErrorCode.NOT_FOUND):
            raise
        raise UsageError(
            "this server does not let users manage their tokens",
            hint="ask its administrator, who runs: fnt-server user token EMAIL",
        ) from error
    except AuthError as error:
        if error.code != ErrorCode.LOGIN_REQUIRED:
            raise
        words = "unset FNT_TOKEN, then run: fnt login"
        hint = words if context.environ.get("FNT_TOKEN") else "run: fnt login"
        raise AuthError(str(error), hint=hint, code=error.code) from error


def _line(token: PersonalToken) -> str:
    used = format_time(token.last_used_at)[:16] + "Z" if token.last_used_at else "never"
    days = f"created {format_time(token.created_at)[:10]}  expires {_day(token)}"
    return f"{token.id[:SHOWN_ID_CHARS]}  {days}  last used {used:17}  {_name(token)}"


def _name(token: PersonalToken) -> str:
    return "no name" if token.name is None else clean(token.name)


def _day(token: PersonalToken) -> str:
    return format_time(token.expires_at)[:10]
