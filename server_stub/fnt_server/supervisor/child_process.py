"""A child process of the supervisor, in a process group of its own."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO

CALM_AFTER_S = 10.0
"""A child that lived so long is started again at once; others after a growing pause."""
MAX_PAUSE_S = 5.0


class OrphanKiller:
    """The process that kills the children when the supervisor dies without a word."""

    def __init__(self) -> None:
        script = str(Path(__file__).with_name("orphan_killer.py"))
        self._process = subprocess.Popen(
            [sys.executable, "-I", "-S", script], stdin=subprocess.PIPE, start_new_session=True
        )

    def hold(self, group: int) -> None:
        """Kill this group when the supervisor dies."""
        self._write(f"+{group}\n")

    def drop(self, group: int) -> None:
        """Forget a group that has ended."""
        self._write(f"-{group}\n")

    def close(self) -> None:
        """End the process; whatever it still held is killed."""
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


class Child:
    """One command that is kept alive."""

    def __init__(
        self,
        name: str,
        command: Sequence[str],
        *,
        environ: Mapping[str, str],
        orphan_killer: OrphanKiller,
        fds: Sequence[int] = (),
    ) -> None:
        self.name = name
        self._command = list(command)
        self._environ = dict(environ)
        self._lifeline = orphan_killer
        self._fds = tuple(fds)
        self._process: subprocess.Popen[bytes] | None = None
        self._started_at = 0.0
        self._failures = 0
        self._not_before = 0.0

    @property
    def is_alive(self) -> bool:
        """Whether the process runs."""
        return self._process is not None and self._process.poll() is None

    @property
    def has_died(self) -> bool:
        """Whether the process was started and has ended."""
        return self._process is not None and self._process.poll() is not None

    @property
    def failures(self) -> int:
        """How often in a row it has died soon after it was started."""
        return self._failures

    @property
    def is_due(self) -> bool:
        """Whether it may be started (again) now."""
        return self._process is None and time.monotonic() >= self._not_before

    def start(self, **environ: str) -> None:
        """Start the command; its output goes to our standard error."""
        self._started_at = time.monotonic()
        self._process = subprocess.Popen(
            self._command,
            env={**self._environ, **environ},
            stdin=subprocess.DEVNULL,
            stdout=sys.stderr.fileno(),
            pass_fds=self._fds,
            start_new_session=True,
        )
        self._lifeline.hold(self._process.pid)

    def tell(self, number: signal.Signals) -> None:
        """Send a signal to the process itself."""
        if self._process is not None:
            with contextlib.suppress(ProcessLookupError):
                self._process.send_signal(number)

    def reap(self) -> int:
        """Kill what is left of the group; returns the exit status and sets the next start."""
        assert self._process is not None
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, signal.SIGKILL)
        status = self._process.wait()
        self._lifeline.drop(self._process.pid)
        lived_s = time.monotonic() - self._started_at
        self._failures = 0 if lived_s > CALM_AFTER_S else self._failures + 1
        pause_s = min(MAX_PAUSE_S, 0.2 * 2**self._failures) if self._failures > 1 else 0.0
        self._not_before = time.monotonic() + pause_s
        self._process = None
        return status
