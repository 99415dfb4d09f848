"""System requirements of the server; each missing one is reported in one line."""

from __future__ import annotations

import multiprocessing
import os
import resource
import tempfile
from collections.abc import Callable, Mapping

from fnt_server.config import Config
from fnt_server.config.environment import ConfigError

MIN_OPEN_FILES = 256
FILES_BESIDE_SOCKETS = 150
"""Connections to the database, threads' files and requests, of a web process."""
_PROBE_BYTES = b"\0" * 4096


def check_data_folder(config: Config) -> str:
    """Write to the data folder; returns where it is and how much room it has."""
    config.prepare_data_dir()
    try:
        with tempfile.TemporaryFile(dir=config.data_dir, buffering=0) as probe:
            probe.write(_PROBE_BYTES)
    except OSError as error:
        raise ConfigError(
            f"cannot write to {config.data_dir} ({error.strerror}): "
            "make room, or choose a folder with --data-dir"
        ) from error
    room = os.statvfs(config.data_dir)
    return f"{config.data_dir}, {room.f_bavail * room.f_frsize / 1e9:.0f} GB free"


def check_temporary_files(_config: Config) -> str:
    """Create a temporary file; returns where."""
    try:
        tempfile.TemporaryFile().close()
    except OSError as error:
        raise ConfigError("no folder for temporary files is writable: set TMPDIR") from error
    return tempfile.gettempdir()


def check_semaphores(_config: Config) -> str:
    """Create a semaphore, as the pool of a worker does; on Linux it is a file in /dev/shm."""
    try:
        multiprocessing.get_context("fork").Semaphore()
    except (OSError, ImportError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise ConfigError(
            f"cannot create a semaphore ({reason}): make /dev/shm writable"
        ) from error
    return "available"


def check_open_files(config: Config) -> str:
    """Raise the limit on open files as far as allowed; returns it."""
    _soft, allowed = resource.getrlimit(resource.RLIMIT_NOFILE)
    if allowed == resource.RLIM_INFINITY:
        return "any number"
    resource.setrlimit(resource.RLIMIT_NOFILE, (allowed, allowed))
    if allowed < MIN_OPEN_FILES:
        raise ConfigError(
            f"only {allowed} open files are allowed, {MIN_OPEN_FILES} are needed: "
            "raise the limit with `ulimit -n`, or LimitNOFILE of systemd"
        )
    for_sockets = allowed - FILES_BESIDE_SOCKETS
    if for_sockets < config.sockets.max_sockets:
        return f"{allowed}, enough for {for_sockets} live connections, not for FNT_MAX_SOCKETS"
    return f"{allowed}"


CHECKS: Mapping[str, Callable[[Config], str]] = {
    "data folder": check_data_folder,
    "temporary files": check_temporary_files,
    "semaphores": check_semaphores,
    "open files": check_open_files,
}
"""By what they look at; each returns what it found, or raises ConfigError."""


def require_system(config: Config) -> None:
    """Raise ConfigError for the first thing that is missing."""
    for check in CHECKS.values():
        check(config)
