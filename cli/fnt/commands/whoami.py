"""`fnt whoami`."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import typer

from fnt.commands.login import kept_in
from fnt.connection import Connection
from fnt.context import AppContext
from fnt.wire.responses import User
from fnt.wire.times import format_time


def whoami(ctx: typer.Context) -> None:
    """Show the current login."""
    context: AppContext = ctx.obj
    with context.connected() as server:
        user = server.api.me()
        answer = {
            "email": user.email,
            "name": user.name or None,
            "server": server.name,
            "storage": _storage(user),
            **_token_facts(server),
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


def _token_facts(server: Connection) -> dict[str, Any]:
    tokens = server.store.load() if server.token_source is None else None
    until = None
    if tokens is not None and not tokens.is_personal:
        until = format_time(datetime.fromtimestamp(tokens.expires_at, UTC))
    return {"until": until, "token": kept_in(server)}
