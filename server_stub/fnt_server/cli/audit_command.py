"""`fnt-server user audit`: prints the audit log."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Annotated

import typer

from fnt.wire.times import format_time
from fnt_server.auth import audit
from fnt_server.auth.password_hashing import normalized_email
from fnt_server.cli.options import DataDir, echo, migrated_database
from fnt_server.db.models import AuditLine
from fnt_server.logs import escaped


def audit_log(
    email: Annotated[
        str | None, typer.Argument(metavar="[EMAIL]", help="Only lines about this user.")
    ] = None,
    days: Annotated[
        int | None, typer.Option(metavar="N", min=1, help="Only the last N days.")
    ] = None,
    limit: Annotated[int, typer.Option(metavar="N", min=1, help="Only the newest N lines.")] = 1000,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print one JSON object per line.")
    ] = False,
    data_dir: DataDir = None,
) -> None:
    """Print the audit log: logins, failures, tokens, devices, passwords and users, oldest first."""
    user = None if email is None else normalized_email(email)
    lines = audit.newest(migrated_database(data_dir), limit=limit, email=user, days=days)
    for line in lines:
        echo(_json(line) if as_json else _text(line))


def _fields(line: AuditLine) -> dict[str, str]:
    return {
        "at": format_time(datetime.fromtimestamp(line.at, UTC)),
        "event": line.event,
        "email": line.email,
        "address": line.address,
        "detail": line.detail,
    }


def _json(line: AuditLine) -> str:
    return json.dumps(_fields(line))


def _text(line: AuditLine) -> str:
    found = {name: escaped(value) for name, value in _fields(line).items()}
    columns = f"{found['at']}  {found['event']:16}  {found['email']}  {found['address']}"
    return f"{columns}  {found['detail']}".rstrip()
