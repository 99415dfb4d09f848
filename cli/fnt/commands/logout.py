"""`fnt logout`."""

from __future__ import annotations

from typing import Annotated

import typer

from fnt.connection import Connection
from fnt.context import AppContext
from fnt.errors import AuthError
from fnt.local_server.local_use import LocalUse
from fnt.wire.error_codes import ErrorCode


def logout(
    ctx: typer.Context,
    *,
    everywhere: Annotated[
        bool, typer.Option("--all", help="End all logins and personal tokens of this account.")
    ] = False,
) -> None:
    """Log out, here and on the server."""
    context: AppContext = ctx.obj
    with context.connected(LocalUse.NEVER) as server:
        had_login = _end_on_server(server, everywhere=everywhere)
        server.store.delete()
        context.report.answer["logout"] = {"server": server.api.server, "all": everywhere}
        done = "logged out" if had_login else "was not logged in"
        context.terminal.say(f"{done} ({server.api.server})")


def _end_on_server(server: Connection, *, everywhere: bool) -> bool:
    """Return whether there was a login to end; raises FntError if the server is unreachable."""
    try:
        server.api.logout(everywhere=everywhere)
    except AuthError as error:
        if error.code == ErrorCode.LOGIN_REQUIRED:
            raise
        return False
    return True
