"""A child process of the supervisor, in its own process group."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Callable

from fnt_server.supervisor import restart_policy
from fnt_server.supervisor.forked_process import ForkedProcess
from fnt_server.supervisor.orphan_killer import OrphanKiller

Process = subprocess.Popen[bytes] | ForkedProcess


class Child:
    """A child process that is restarted when it dies."""

    def __init__(
        self, name: str, start: Callable[[], Process], *, orphan_killer: OrphanKiller
    ) -> None:
        self.name = name
        self._start = start
        self._orphan_killer = orphan_killer
        self._process: Process | None = None
        self._started_at = 0.0
        self._failures = 0
        self._not_before = 0.0

    @property
    def is_alive(self) -> bool:
        """Whether the process is running."""
        return self._process is not None and self._process.poll() is None

    @property
    def has_died(self) -> bool:
        """Whether the process was started and has ended."""
        return self._process is not None and self._process.poll() is not None

    @property
    def age_s(self) -> float:
        """Seconds since it was started."""
        return time.monotonic() - self._started_at

    @property
    def failures(self) -> int:
        """How many times in a row it died soon after it was started."""
        return self._failures

    @property
    def is_due(self) -> bool:
        """Whether it may be started (again) now."""
        return self._process is None and time.monotonic() >= self._not_before

    def start(self) -> None:
        """Start the process."""
        self._started_at = time.monotonic()
        self._process = self._start()
        self._orphan_killer.hold(self._process.pid)

    def send_signal(self, number: signal.Signals) -> None:
        """Send a signal to the process itself."""
        if self._process is not None:
            with contextlib.suppress(ProcessLookupError):
                self._process.send_signal(number)

    def reap(self) -> int:
        """Kill what is left of the group and schedule the next start; returns the exit status."""
        assert self._process is not None
        self._process.send_signal(signal.SIGKILL)  # it may not lead its group yet
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, signal.SIGKILL)
        status = self._process.wait()
        self._orphan_killer.drop(self._process.pid)
        self._failures = restart_policy.count_failures(
            self._failures, lived_s=time.monotonic() - self._started_at
        )
        self._not_before = time.monotonic() + restart_policy.backoff_s(self._failures)
        self._process = None
        return status
