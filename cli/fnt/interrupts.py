"""Interrupts: Ctrl-C, a second Ctrl-C, and SIGTERM."""

from __future__ import annotations

import os
import signal

INTERRUPTED = 130
TERMINATED = 143

LEAVE_WITHIN_S = 5.0
"""Time limit for cleanup after SIGTERM, since a lock it needs may still be held."""


class Terminated(KeyboardInterrupt):
    """SIGTERM, handled like Ctrl-C but with its own exit code."""


def handle_sigterm() -> None:
    """Make SIGTERM end the run like Ctrl-C, but within `LEAVE_WITHIN_S`."""
    signal.signal(signal.SIGTERM, _terminate)


def exit_on_second_interrupt() -> None:
    """Exit immediately on a second Ctrl-C, without waiting for threads to finish."""
    signal.signal(signal.SIGINT, lambda *_: os._exit(INTERRUPTED))


def _terminate(*_: object) -> None:
    if hasattr(signal, "setitimer"):  # not on Windows
        signal.signal(signal.SIGALRM, lambda *_: os._exit(TERMINATED))
        signal.setitimer(signal.ITIMER_REAL, LEAVE_WITHIN_S)
    raise Terminated
