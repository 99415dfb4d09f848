"""Interrupts: Ctrl-C and SIGTERM, during a run and after it."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager

TERMINATED = 143

LEAVE_WITHIN_S = 5.0
"""Time limit for cleanup after SIGTERM, since a lock it needs may still be held."""


class Terminated(KeyboardInterrupt):
    """SIGTERM, handled like Ctrl-C but with its own exit code."""


def handle_sigterm() -> None:
    """Make SIGTERM end the run like Ctrl-C, but within `LEAVE_WITHIN_S`."""
    signal.signal(signal.SIGTERM, _terminate)


def interrupt_behind(error: BaseException) -> KeyboardInterrupt | None:
    """Return the interrupt that led to this error, if any.

    Interrupted code may raise another error on its way out: `threading.Condition` raises
    RuntimeError between two of its own statements, and so does the creation of a class.
    """
    cause: BaseException | None = error
    while cause is not None and not isinstance(cause, KeyboardInterrupt):
        cause = cause.__cause__ or (None if cause.__suppress_context__ else cause.__context__)
    return cause


@contextmanager
def interrupts_kept() -> Iterator[None]:
    """Raise the interrupt behind an error instead of the error."""
    try:
        yield
    except Exception as error:
        if interrupt := interrupt_behind(error):
            raise interrupt from error
        raise


def exit_at_once(code: int) -> None:
    """Make signals end the process with this code: its run is over, and only Python cleans up."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: os._exit(code))


def _terminate(*_: object) -> None:
    if hasattr(signal, "setitimer"):  # not on Windows
        signal.signal(signal.SIGALRM, lambda *_: os._exit(TERMINATED))
        signal.setitimer(signal.ITIMER_REAL, LEAVE_WITHIN_S)
    raise Terminated
