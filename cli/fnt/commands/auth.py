"""`fnt login`, `logout` and `whoami`."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from typing import Annotated, Any

import typer

from fnt.commands.device_login import log_in_by_browser
from fnt.config.credentials import Tokens
from fnt.context import AppContext, Connection
from fnt.errors import AuthError, FntError, NotFoundError, UsageError
from fnt.wire.responses import User
from fnt.wire.times import format_time

INSTEAD = "use --web, or --email with --password-stdin, or --with-token, or set FNT_TOKEN"
MAX_TOKEN_CHARS = 4096


def login(
    ctx: typer.Context,
    *,
    web: Annotated[
        bool,
        typer.Option("--web", help="Log in with a browser, even without a terminal."),
    ] = False,
    email: Annotated[
        str | None,
        typer.Option("--email", metavar="ADDR", help="Log in with this email and a password."),
    ] = None,
    password_stdin: Annotated[
        bool, typer.Option("--password-stdin", help="Read the password from stdin, one line.")
    ] = False,
    with_token: Annotated[
        bool, typer.Option("--with-token", help="Read a personal token from stdin, one line.")
    ] = False,
    insecure_storage: Annotated[
        bool,
        typer.Option(
            "--insecure-storage", help="Store the token unencrypted, in a file only you can read."
        ),
    ] = False,
    check: Annotated[
        bool, typer.Option("--check", help="Check the current login and exit.")
    ] = False,
) -> None:
    """Log in and store the token.

    Shows a code to enter on the server's page, in any browser on any machine, and opens that page
    if it can. With --email, prompts for the password, or reads it from stdin; it is never an
    argument. The token is stored in the system keyring, or in a file with --insecure-storage.
    """
    context: AppContext = ctx.obj
    _refuse_contradictions(
        check=check,
        ways=[web, with_token, email is not None or password_stdin],
        insecure_storage=insecure_storage,
    )
    if password_stdin and email is None:
        raise UsageError("--password-stdin needs --email")
    if check:
        _check(context)
        return
    if not (web or with_token or email or context.terminal.can_ask):
        raise UsageError("cannot log in without a terminal", hint=INSTEAD)
    token = _read_token(context) if with_token else None
    _require_place(context, insecure_storage=insecure_storage)
    if token is not None:
        tokens = _owned_token(context, token)
    elif email is not None:
        tokens = _by_password(context, email, is_piped=password_stdin)
    else:
        tokens = _by_browser(context, is_forced=web)
    _keep(context, tokens, insecure_storage=insecure_storage)


def _refuse_contradictions(*, check: bool, ways: list[bool], insecure_storage: bool) -> None:
    if check and (any(ways) or insecure_storage):
        raise UsageError("--check takes no other options")
    if sum(ways) > 1:
        raise UsageError("--web, --email and --with-token are mutually exclusive")


def _require_place(context: AppContext, *, insecure_storage: bool) -> None:
    """Raise UsageError before logging in if the tokens could not be stored afterwards."""
    with context.connected() as server:
        server.store.require_place(insecure_storage=insecure_storage)


def _check(context: AppContext) -> None:
    with context.connected() as server:
        email = server.api.me().email
        context.report.answer["login"] = {
            "email": email,
            "server": server.api.server,
            "stored": _kept_in(context, server),
        }
        context.terminal.say(f"logged in to {server.api.server} as {email}")


def _read_token(context: AppContext) -> str:
    terminal = context.terminal
    token = terminal.ask_secret("Token") if terminal.can_ask else terminal.read_line()
    token = token.strip()
    is_printable = token.isascii() and token.isprintable() and " " not in token
    if not is_printable or not 0 < len(token) <= MAX_TOKEN_CHARS:
        raise UsageError(
            "expected one line with the token on stdin", hint="echo $TOKEN | fnt login --with-token"
        )
    return token


def _owned_token(context: AppContext, token: str) -> Tokens:
    """Ask the server who owns the token; raises AuthError if it is not accepted."""
    server = context.connect(replace(context.settings(), token=token))
    with server.api, server.anonymous:
        try:
            email = server.api.me().email
        except AuthError as error:
            raise AuthError(
                "the server rejected this token",
                hint="create one with: fnt-server user token EMAIL",
                code=error.code,
                request_id=error.request_id,
            ) from error
    return Tokens.personal(token, email=email)


def _by_browser(context: AppContext, *, is_forced: bool) -> Tokens:
    try:
        with context.connected() as server:
            return log_in_by_browser(context, server)
    except NotFoundError:
        if is_forced:
            message = "this server does not support browser login"
            raise UsageError(message, hint="fnt login --email ADDR") from None
    context.terminal.say("this server does not support browser login; enter a password instead")
    return _by_password(context, None, is_piped=False)


def _by_password(context: AppContext, email: str | None, *, is_piped: bool) -> Tokens:
    terminal = context.terminal
    email = email or terminal.ask("Email", instead=INSTEAD)
    password = (
        terminal.read_line() if is_piped else terminal.ask_secret("Password", instead=INSTEAD)
    )
    if not email or not password:
        raise UsageError("email and password must not be empty")
    with context.connected() as server:
        return server.anonymous.login(email, password)


def _keep(context: AppContext, tokens: Tokens, *, insecure_storage: bool) -> None:
    terminal = context.terminal
    with context.connected() as server:
        try:
            where = server.store.save(tokens, insecure_storage=insecure_storage)
        except UsageError:
            _end_unkept(context, tokens)
            raise
        context.report.answer["login"] = {
            "email": tokens.email,
            "server": server.api.server,
            "stored": where,
        }
        terminal.say(f"logged in to {server.api.server} as {tokens.email}; token saved in {where}")
        if context.environ.get("FNT_TOKEN"):
            terminal.say("note: FNT_TOKEN is set and overrides this login")


def _end_unkept(context: AppContext, tokens: Tokens) -> None:
    """Revoke a login whose tokens could not be stored despite the earlier check."""
    if tokens.is_personal:
        return
    server = context.connect(replace(context.settings(), token=tokens.access_token))
    with server.api, server.anonymous, suppress(FntError):
        server.api.logout()


def logout(
    ctx: typer.Context,
    *,
    everywhere: Annotated[
        bool, typer.Option("--all", help="End all logins of this account, on all machines.")
    ] = False,
) -> None:
    """Log out, here and on the server."""
    context: AppContext = ctx.obj
    with context.connected() as server:
        had_login = _end_on_server(server, everywhere=everywhere)
        server.store.delete()
        context.report.answer["logout"] = {"server": server.api.server, "all": everywhere}
        done = "logged out" if had_login else "was not logged in"
        context.terminal.say(f"{done} ({server.api.server})")


def _end_on_server(server: Connection, *, everywhere: bool) -> bool:
    """Return whether there was a login to end; raises FntError if the server is unreachable."""
    try:
        server.api.logout(everywhere=everywhere)
    except AuthError:
        return False
    return True


def whoami(ctx: typer.Context) -> None:
    """Show the current login."""
    context: AppContext = ctx.obj
    with context.connected() as server:
        user = server.api.me()
        answer = {
            "email": user.email,
            "name": user.name or None,
            "server": server.api.server,
            "storage": _storage(user),
            **_token_facts(context, server),
        }
    context.report.answer["whoami"] = answer
    for name, value in answer.items():
        if value is not None:
            note = " (renews automatically)" if name == "until" else ""
            context.terminal.result(f"{name:8} {value}{note}")


def _storage(user: User) -> str | None:
    """Return how much the user stores and may store; None from a server that does not say."""
    used, quota = user.used_bytes, user.quota_bytes
    if not isinstance(used, int):
        return None
    of = f" of {quota / 2**20:.0f}" if isinstance(quota, int) else ""
    return f"{used / 2**20:.1f}{of} MB"


def _token_facts(context: AppContext, server: Connection) -> dict[str, Any]:
    tokens = None if context.environ.get("FNT_TOKEN") else server.store.load()
    until = None
    if tokens is not None and not tokens.is_personal:
        until = format_time(datetime.fromtimestamp(tokens.expires_at, UTC))
    return {"until": until, "token": _kept_in(context, server)}


def _kept_in(context: AppContext, server: Connection) -> str | None:
    if context.environ.get("FNT_TOKEN"):
        return "FNT_TOKEN"
    return server.store.where() if server.store.load() is not None else None
