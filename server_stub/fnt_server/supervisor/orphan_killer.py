"""Kills the process groups of the children when the supervisor dies.

Started by the supervisor with a pipe as standard input, which only the supervisor holds open. Lines
`+PGID` and `-PGID` say which groups are alive; at the end of the pipe the rest is killed.
"""

from __future__ import annotations

import contextlib
import os
import signal
import sys


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
