"""What `run` does in addition for a personal server: its port, only user, token and state."""

from __future__ import annotations

import os
import secrets
import socket
import stat
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import select

from fnt import __version__
from fnt.wire import local_server as names
from fnt.wire.local_server import ServerState
from fnt.wire.requests import MAX_TOKEN_DAYS
from fnt_server.auth import users
from fnt_server.auth.password_hashing import token_hash
from fnt_server.config import Config
from fnt_server.config.environment import ConfigError
from fnt_server.db.connection import COMMAND, Database, now
from fnt_server.db.models import AccessToken
from fnt_server.supervisor.idle_check import IdleCheck

if TYPE_CHECKING:
    from fnt_server.supervisor.supervisor import Supervisor

USER = "local@localhost"
TOKEN_LEFT_S = 30 * 86400
"""A token that is valid for less is replaced at the next start."""
READY = "ready "


def run_local_server(
    supervisor: Callable[..., Supervisor],
    config: Config,
    folder: Path,
    *,
    idle_s: int,
    echo: Callable[[str], None],
) -> None:
    """Run the personal server of a folder until SIGTERM or idle; raises ConfigError."""
    state = ServerState(pid=os.getpid(), version=__version__, idle_s=idle_s)
    _write_private(folder / names.STATE_FILE, state.to_json())
    config = replace(config, port=usable_port(config.host, folder / names.PORT_FILE))

    def announce(line: str) -> None:
        url = line.removeprefix(READY)
        database = Database(config.database_url, pool=COMMAND)
        require_token(database, folder / names.TOKEN_FILE)
        database.dispose()
        _write_private(folder / names.PORT_FILE, url.rpartition(":")[2])
        _write_private(folder / names.STATE_FILE, replace(state, url=url).to_json())
        echo(line)

    is_idle = IdleCheck(folder / names.IN_USE_LOCK, after_s=idle_s)
    try:
        supervisor(config, echo=announce, is_idle=is_idle).run()
    finally:
        (folder / names.STATE_FILE).unlink(missing_ok=True)  # clients restart one that is killed


def usable_port(host: str, kept: Path) -> int:
    """Return the port of the last start, or 0 if there is none or it is in use."""
    try:
        port = int(kept.read_text(encoding="ascii"))
        if not 0 < port < 65536:
            return 0
        socket.create_server((host, port)).close()
    except (OSError, ValueError):
        return 0
    return port


def require_token(database: Database, path: Path) -> None:
    """Write a token of the only user to a file, unless a valid one is there."""
    if _is_valid(database, _read_private(path)):
        return
    if USER not in {user.email for user in users.list_users(database)}:
        users.add_user(database, USER, secrets.token_urlsafe(32))
    token = users.make_personal_token(database, USER, days=MAX_TOKEN_DAYS, name="personal server")
    _write_private(path, token)


def _is_valid(database: Database, token: str) -> bool:
    lasts = AccessToken.ends_at > now() + TOKEN_LEFT_S
    with database.read() as session:
        found = select(AccessToken.id).where(AccessToken.token_hash == token_hash(token), lasts)
        return session.scalar(found) is not None


def _read_private(path: Path) -> str:
    """Return the text of a file that only its owner can read; empty otherwise."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW)
        with open(descriptor, encoding="utf-8") as file:  # noqa: PTH123 -- a descriptor
            found = os.fstat(descriptor)
            is_mine = stat.S_ISREG(found.st_mode) and found.st_uid == os.geteuid()
            return file.read(1000).strip() if is_mine and not found.st_mode & 0o077 else ""
    except (OSError, ValueError):
        return ""


def _write_private(path: Path, text: str) -> None:
    """Replace a file by one that only its owner can read; raises ConfigError."""
    draft = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW
    try:
        with open(os.open(draft, flags, 0o600), "w", encoding="utf-8") as file:  # noqa: PTH123 -- a descriptor
            file.write(text + "\n")
        draft.replace(path)
    except OSError as error:
        draft.unlink(missing_ok=True)
        raise ConfigError(f"cannot write {path} ({error.strerror})") from error
