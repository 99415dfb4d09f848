"""What ends a run from outside: Ctrl-C, a second Ctrl-C, SIGTERM."""

from __future__ import annotations

import os
import signal

INTERRUPTED = 130
TERMINATED = 143

LEAVE_WITHIN_S = 5.0
"""After SIGTERM: what was interrupted may hold a lock that the way out waits for."""


class Terminated(KeyboardInterrupt):
    """SIGTERM: the same way out as Ctrl-C, with an exit code of its own."""


def handle_sigterm() -> None:
    """Let SIGTERM end the run as Ctrl-C does, but within `LEAVE_WITHIN_S`."""
    signal.signal(signal.SIGTERM, _terminate)


def exit_on_second_interrupt() -> None:
    """Whoever presses Ctrl-C again does not want to wait for threads that close."""
    signal.signal(signal.SIGINT, lambda *_: os._exit(INTERRUPTED))


def _terminate(*_: object) -> None:
    if hasattr(signal, "setitimer"):  # not on Windows
        signal.signal(signal.SIGALRM, lambda *_: os._exit(TERMINATED))
        signal.setitimer(signal.ITIMER_REAL, LEAVE_WITHIN_S)
    raise Terminated
