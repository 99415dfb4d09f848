"""The lock of a data folder: one `run` or `restore` at a time."""

from __future__ import annotations

import contextlib
import fcntl
import os
from collections.abc import Iterator

from fnt_server.config import Config
from fnt_server.config.environment import ConfigError

LOCK_FILE = "run.lock"


@contextlib.contextmanager
def lock_data_dir(config: Config, *, to_restore: bool = False) -> Iterator[None]:
    """Exclude every other `run` and `restore` of the data folder; raises ConfigError."""
    config.prepare_data_dir(to_restore=to_restore)
    folder = config.data_dir
    try:
        handle = os.open(folder / LOCK_FILE, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise ConfigError(
            f"cannot write to {folder} ({error.strerror}): choose a folder with --data-dir"
        ) from error
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(handle)
        raise ConfigError(f"another fnt-server is using {folder}: stop it first") from None
    try:
        yield
    finally:
        os.close(handle)
