"""`fnt login`, `logout` and `whoami`."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any

import typer

from fnt.context import AppContext, Connection
from fnt.errors import AuthError, UsageError
from fnt.wire.jobs import format_time

INSTEAD = "use --email and --password-stdin, or set FNT_TOKEN"


def login(
    ctx: typer.Context,
    *,
    email: Annotated[
        str | None, typer.Option("--email", metavar="ADDR", help="Who logs in; asked for if left.")
    ] = None,
    password_stdin: Annotated[
        bool, typer.Option("--password-stdin", help="Read the password from stdin, one line.")
    ] = False,
    insecure_storage: Annotated[
        bool,
        typer.Option("--insecure-storage", help="Keep the token in a file only you can read."),
    ] = False,
) -> None:
    """Log in and keep the token safe.

    The password is asked for without showing it, or read from stdin. It is never an argument.
    The token goes to the system's keyring; into a file only with --insecure-storage.
    """
    context: AppContext = ctx.obj
    terminal = context.terminal
    if password_stdin and email is None:
        raise UsageError("--password-stdin needs --email")
    email = email or terminal.ask("Email", instead=INSTEAD)
    password = terminal.read_line() if password_stdin else _ask_password(context)
    if not email or not password:
        raise UsageError("email and password must not be empty")
    with context.connected() as server:
        tokens = server.guest.login(email, password)
        where = server.store.save(tokens, insecure_storage=insecure_storage)
        context.report.answer["login"] = {
            "email": tokens.email,
            "server": server.api.server,
            "stored": where,
        }
        terminal.say(f"logged in to {server.api.server} as {tokens.email}; token kept in {where}")
        if context.environ.get("FNT_TOKEN"):
            terminal.say("note: FNT_TOKEN is set and goes before this login")


def _ask_password(context: AppContext) -> str:
    return context.terminal.ask_secret("Password", instead=INSTEAD)


def logout(
    ctx: typer.Context,
    *,
    everywhere: Annotated[
        bool, typer.Option("--all", help="End all logins of this account, on every machine.")
    ] = False,
) -> None:
    """End the login, here and on the server."""
    context: AppContext = ctx.obj
    with context.connected() as server:
        told = _end_on_server(server, everywhere=everywhere)
        server.store.delete()
        context.report.answer["logout"] = {"server": server.api.server, "all": everywhere}
        done = "logged out" if told else "not logged in; nothing to end on the server"
        context.terminal.say(f"{done} ({server.api.server})")


def _end_on_server(server: Connection, *, everywhere: bool) -> bool:
    """Whether there was a login to end. Unreachable: an error, and the token stays here."""
    try:
        server.api.logout(everywhere=everywhere)
    except AuthError:
        return False
    return True


def whoami(ctx: typer.Context) -> None:
    """Show who is logged in, where and how long."""
    context: AppContext = ctx.obj
    with context.connected() as server:
        user = server.api.me()
        answer = {
            "email": user.get("email"),
            "name": user.get("name"),
            "server": server.api.server,
            **_token_facts(context, server),
        }
    context.report.answer["whoami"] = answer
    for name, value in answer.items():
        if value is not None:
            note = ", renewed by itself" if name == "until" else ""
            context.terminal.result(f"{name:8} {value}{note}")


def _token_facts(context: AppContext, server: Connection) -> dict[str, Any]:
    if context.environ.get("FNT_TOKEN"):
        return {"until": None, "token": "FNT_TOKEN"}
    tokens = server.store.load()
    if tokens is None:
        return {"until": None, "token": None}
    until = format_time(datetime.fromtimestamp(tokens.expires_at, UTC))
    return {"until": until, "token": server.store.where()}
