"""`fnt passwd`."""

from __future__ import annotations

from typing import Annotated

import typer

from fnt.context import AppContext
from fnt.errors import FntError, UsageError
from fnt.local_server.local_use import LocalUse
from fnt.wire.error_codes import ErrorCode
from fnt.wire.requests import PASSWORD_RULE


def passwd(
    ctx: typer.Context,
    *,
    password_stdin: Annotated[
        bool,
        typer.Option(
            "--password-stdin", help="Read two lines from stdin: the old password, the new one."
        ),
    ] = False,
) -> None:
    """Change your password.

    Ends all other logins and all personal tokens of your account.

    A new password has at least 10 characters and is not a common or easily guessed one.
    """
    context: AppContext = ctx.obj
    with context.connected(LocalUse.NEVER) as server:
        email = server.api.me().email
        old, new = _read_passwords(context, is_piped=password_stdin)
        try:
            tokens = server.anonymous.change_password(email, old, new)
        except FntError as error:
            if error.code != ErrorCode.WEAK_PASSWORD:
                raise
            raise UsageError(str(error), hint=f"a password has {PASSWORD_RULE}") from error
        stored = server.store.load()
        if stored is not None and not stored.is_personal:
            server.store.save(tokens, insecure_storage=False)
        context.report.answer["passwd"] = {"email": email, "server": server.api.server}
        context.terminal.say(f"password of {email} changed; all other logins and tokens have ended")


def _read_passwords(context: AppContext, *, is_piped: bool) -> tuple[str, str]:
    terminal, instead = context.terminal, "use --password-stdin"
    if is_piped:
        old, new = terminal.read_line(), terminal.read_line()
    else:
        old = terminal.ask_secret("Old password", instead=instead)
        terminal.say(f"a password has {PASSWORD_RULE}")
        new = terminal.ask_secret("New password", instead=instead)
        if terminal.ask_secret("Again", instead=instead) != new:
            raise UsageError("passwords do not match")
    if not old or not new:
        raise UsageError("passwords must not be empty")
    return old, new
