"""`fnt login`."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Annotated

import typer

from fnt.commands.device_login import log_in_by_browser
from fnt.commands.option_groups import takes_groups
from fnt.config.credentials import Tokens
from fnt.connection import Connection
from fnt.context import AppContext
from fnt.errors import AuthError, FntError, NotFoundError, UsageError
from fnt.local_server.local_use import LocalUse

INSTEAD = "use --web, or --email with --password-stdin, or --with-token, or set FNT_TOKEN"
MAX_TOKEN_CHARS = 4096


@dataclass(frozen=True, slots=True, kw_only=True)
class LoginOptions:
    """Ways to log in, and where to store the token."""

    web: Annotated[
        bool,
        typer.Option("--web", help="Log in with a browser, even without a terminal."),
    ] = False
    email: Annotated[
        str | None,
        typer.Option("--email", metavar="ADDR", help="Log in with this email and a password."),
    ] = None
    password_stdin: Annotated[
        bool, typer.Option("--password-stdin", help="Read the password from stdin, one line.")
    ] = False
    with_token: Annotated[
        bool, typer.Option("--with-token", help="Read a personal token from stdin, one line.")
    ] = False
    insecure_storage: Annotated[
        bool,
        typer.Option(
            "--insecure-storage", help="Store the token unencrypted, in a file only you can read."
        ),
    ] = False
    check: Annotated[bool, typer.Option("--check", help="Check the current login and exit.")] = (
        False
    )

    def refuse_contradictions(self) -> None:
        """Raise UsageError if options are mutually exclusive."""
        ways = [self.web, self.with_token, self.email is not None or self.password_stdin]
        if self.check and (any(ways) or self.insecure_storage):
            raise UsageError("--check takes no other options")
        if sum(ways) > 1:
            raise UsageError("--web, --email and --with-token are mutually exclusive")
        if self.password_stdin and self.email is None:
            raise UsageError("--password-stdin needs --email")


@takes_groups
def login(ctx: typer.Context, *, options: LoginOptions) -> None:
    """Log in and store the token.

    Shows a code to enter on the server's page, in any browser on any machine, and opens that page
    if it can. With --email, prompts for the password, or reads it from stdin; it is never an
    argument. The token is stored in the system keyring, or in a file with --insecure-storage.
    """
    context: AppContext = ctx.obj
    options.refuse_contradictions()
    if options.check:
        _check(context)
        return
    if not (options.web or options.with_token or options.email or context.terminal.can_ask):
        raise UsageError("cannot log in without a terminal", hint=INSTEAD)
    token = _read_token(context) if options.with_token else None
    _require_place(context, insecure_storage=options.insecure_storage)
    if token is not None:
        tokens = _owned_token(context, token)
    elif options.email is not None:
        tokens = _by_password(context, options.email, is_piped=options.password_stdin)
    else:
        tokens = _by_browser(context, is_forced=options.web)
    _keep(context, tokens, insecure_storage=options.insecure_storage)


def _require_place(context: AppContext, *, insecure_storage: bool) -> None:
    """Raise FntError before asking for a secret that has no place to go, or to be stored."""
    with context.connected(LocalUse.NEVER) as server:
        server.require_server()
        server.store.require_place(insecure_storage=insecure_storage)


def _check(context: AppContext) -> None:
    with context.connected(LocalUse.NEVER) as server:
        email = server.api.me().email
        context.report.answer["login"] = {
            "email": email,
            "server": server.api.server,
            "stored": kept_in(server),
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
        with context.connected(LocalUse.NEVER) as server:
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
    with context.connected(LocalUse.NEVER) as server:
        return server.anonymous.login(email, password)


def _keep(context: AppContext, tokens: Tokens, *, insecure_storage: bool) -> None:
    terminal = context.terminal
    with context.connected(LocalUse.NEVER) as server:
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


def kept_in(server: Connection) -> str | None:
    """Return where the token comes from; None if there is none."""
    if server.token_source is not None:
        return server.token_source
    return server.store.where() if server.store.load() is not None else None
