"""Check that the storage is writable before anything starts.

A bucket is checked in a subprocess (`python -m fnt_server.storage.write_probe`): the threads of the
library would not survive the fork that follows.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile

from fnt_server.config.environment import ConfigError
from fnt_server.logs import escaped
from fnt_server.storage.object_store import Storage, local_folder

WITHIN_S = 30.0
KEY = "check/probe"


def require_storage(url: str) -> None:
    """Raise ConfigError if the storage is not writable."""
    folder = local_folder(url)
    try:
        if folder is not None:
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            tempfile.TemporaryFile(dir=folder).close()
        else:
            _require_bucket(url)
    except OSError as error:
        raise ConfigError(
            f"cannot write to {folder} ({error.strerror}): choose another FNT_STORAGE_URL"
        ) from error


def _require_bucket(url: str) -> None:
    command = [sys.executable, "-m", "fnt_server.storage.write_probe"]
    try:
        tried = subprocess.run(
            command, env={**os.environ, "FNT_STORAGE_URL": url}, timeout=WITHIN_S,
            capture_output=True, text=True, check=False,
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        reason = f"no answer within {WITHIN_S:.0f} s: check its address and the network"
    else:
        if tried.returncode == 0:
            return
        reason = (tried.stdout.splitlines() or ["the check failed"])[-1]
    raise ConfigError(f"cannot write to FNT_STORAGE_URL: {reason}")


def try_storage(url: str) -> None:
    """Write an object and delete it; raises what the storage raises."""
    storage = Storage(url)
    storage.put(KEY, [b"probe"])
    storage.delete([KEY])


def main() -> None:
    """Check the storage of FNT_STORAGE_URL; prints the reason if it fails."""
    try:
        try_storage(os.environ["FNT_STORAGE_URL"])
    except Exception as error:  # whatever is wrong is the result
        words = str(error).partition("\n")[0][:200]
        sys.stdout.write(f"{escaped(words) or type(error).__name__}\n")
        sys.exit(1)


if __name__ == "__main__":
    main()
