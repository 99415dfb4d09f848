"""The server's process: `fnt-server run`, detached, with its own data folder."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from fnt.errors import SetupError
from fnt.files import NO_FOLLOW, PRIVATE, reason_of
from fnt.local_server.folder import LocalFolder

# Without -P, modules could come from the current folder, into which somebody else may write.
PROGRAM = (sys.executable, "-P", "-m", "fnt_server", "run")
FOLDER_OPTION = "--local-folder"
KEPT_VARIABLES = (
    "FNT_WORKERS", "FNT_PACE_MS", "FNT_GEMINI_MODEL", "FNT_OPENAI_MODEL",
    "FNT_MODEL_REQUESTS", "FNT_MODEL_BATCH", "FNT_MODEL_CACHE_MB",
)  # fmt: skip
"""Our settings that reach the server; others are meant for a server the user runs himself."""
FOREIGN_VARIABLES = ("DATABASE_URL", "CELERY_BROKER_URL")
LOG_TAIL_BYTES = 65_536
MAX_CAUSE_CHARS = 300
SAYS = "fnt-server: "
"""What the line begins with that says why the server ended."""


def spawn(
    program: Sequence[str],
    folder: LocalFolder,
    *,
    lock: int,
    idle_s: float,
    environ: Mapping[str, str],
) -> subprocess.Popen[bytes]:
    """Start the server, which inherits and so holds the lock; raises SetupError."""
    command = [
        *program, "--host", "127.0.0.1",
        "--data-dir", str(folder.data), FOLDER_OPTION, str(folder.path),
        "--idle-timeout", f"{idle_s:.0f}",
    ]  # fmt: skip
    try:
        folder.state_file.unlink(missing_ok=True)
        if folder.log.exists():
            folder.log.replace(folder.earlier_log)
        flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_APPEND | NO_FOLLOW
        log = os.open(folder.log, flags, PRIVATE)
        try:
            child = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=folder.path,
                env=_environment(environ),
                pass_fds=(lock,),
                start_new_session=True,
            )
            os.ftruncate(lock, 0)
            os.pwrite(lock, f"{child.pid}\n".encode(), 0)  # its own state may get lost
            return child
        finally:
            os.close(log)
    except OSError as error:
        raise SetupError(
            f"the personal server cannot be started: {reason_of(error)}",
            hint="name a server with --server URL",
        ) from error


def _environment(environ: Mapping[str, str]) -> dict[str, str]:
    return {
        name: value
        for name, value in environ.items()
        if name in KEPT_VARIABLES or not (name.startswith("FNT_") or name in FOREIGN_VARIABLES)
    }


def log_tail(folder: LocalFolder) -> list[str]:
    """Return the last lines of the log; none if there is no log."""
    with suppress(OSError):
        descriptor = os.open(folder.log, os.O_RDONLY | NO_FOLLOW)
        with open(descriptor, "rb") as file:  # noqa: PTH123 -- a descriptor
            size = os.fstat(descriptor).st_size
            file.seek(max(0, size - LOG_TAIL_BYTES))
            lines = file.read(LOG_TAIL_BYTES).decode("utf-8", "replace").splitlines()
            return lines[1:] if size > LOG_TAIL_BYTES else lines
    return []


def cause_of_death(folder: LocalFolder) -> str:
    """Return the line of the log that says why the server ended."""
    lines = [line.strip() for line in log_tail(folder) if line.strip()]
    own = [line.removeprefix(SAYS) for line in lines if line.startswith(SAYS)]
    return (own or lines or ["it said nothing"])[-1][:MAX_CAUSE_CHARS]


class ServerProcess:
    """A server's process, and none that has got its number since."""

    def __init__(self, pid: int, folder: LocalFolder) -> None:
        """Raise ProcessLookupError if there is no such process, or another one."""
        self._pid = pid
        self._descriptor = _held(pid)
        if pid <= 1 or f"{FOLDER_OPTION} {folder.path} " not in _command_of(pid):
            self.close()
            raise ProcessLookupError(pid)

    def send(self, number: signal.Signals) -> None:
        """Send a signal, unless the process is gone."""
        with suppress(ProcessLookupError):
            if self._descriptor is None:
                os.kill(self._pid, number)
            else:
                signal.pidfd_send_signal(self._descriptor, number)

    def close(self) -> None:
        """Release the process."""
        if self._descriptor is not None:
            os.close(self._descriptor)


def _held(pid: int) -> int | None:
    """Hold a process, so that its number stays its own; None where the system cannot."""
    if hasattr(os, "pidfd_open") and pid > 1:
        with suppress(OSError):
            return os.pidfd_open(pid)
    return None


def _command_of(pid: int) -> str:
    with suppress(OSError):
        if Path("/proc/self/cmdline").exists():
            return os.fsdecode(Path(f"/proc/{pid}/cmdline").read_bytes()).replace("\0", " ")
        asked = ["ps", "-o", "command=", "-p", str(pid)]
        return subprocess.run(asked, capture_output=True, text=True, check=False).stdout
    return ""
