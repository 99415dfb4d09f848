"""Kills the process groups of the children when the supervisor dies.

Started by the supervisor with a pipe as standard input, which only the supervisor holds open. Lines
`+PGID` and `-PGID` add and remove groups; at the end of the pipe the rest are killed.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
from typing import IO


class OrphanKiller:
    """A process that kills the children if the supervisor is killed."""

    def __init__(self) -> None:
        script = __file__
        self._process = subprocess.Popen(
            [sys.executable, "-I", "-S", script], stdin=subprocess.PIPE, start_new_session=True
        )

    def hold(self, group: int) -> None:
        """Watch a process group: kill it if the supervisor dies."""
        self._write(f"+{group}\n")

    def drop(self, group: int) -> None:
        """Stop watching a group that has ended."""
        self._write(f"-{group}\n")

    def close(self) -> None:
        """Stop; groups still watched are killed."""
        pipe = self._pipe()
        with contextlib.suppress(BrokenPipeError):
            pipe.close()
        self._process.wait()

    def _write(self, line: str) -> None:
        pipe = self._pipe()
        with contextlib.suppress(BrokenPipeError):
            pipe.write(line.encode())
            pipe.flush()

    def _pipe(self) -> IO[bytes]:
        assert self._process.stdin
        return self._process.stdin


def watch() -> None:
    """Read lines until the supervisor is gone, then kill what it left."""
    for ignored in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(ignored, signal.SIG_IGN)
    groups: set[int] = set()
    for line in sys.stdin:
        group = int(line[1:])
        (groups.add if line[0] == "+" else groups.discard)(group)
    for group in groups:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(group, signal.SIGKILL)


if __name__ == "__main__":
    watch()
