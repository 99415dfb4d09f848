"""Interrupts: Ctrl-C, SIGTERM and SIGHUP, during a run and after it."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager

LEAVE_WITHIN_S = 5.0
"""Time limit for cleanup after SIGTERM or SIGHUP, since a lock it needs may still be held."""


class Terminated(KeyboardInterrupt):
    """SIGTERM or SIGHUP, handled like Ctrl-C but with its own exit code."""

    def __init__(self, number: int = signal.SIGTERM) -> None:
        super().__init__()
        self.exit_code = 128 + number


def handle_termination() -> None:
    """Make SIGTERM, and SIGHUP unless under `nohup`, end the run like Ctrl-C.

    Cleanup must end within `LEAVE_WITHIN_S`.
    """
    signal.signal(signal.SIGTERM, _terminate)
    if _hears_hangup():
        signal.signal(signal.SIGHUP, _terminate)


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
    last = (signal.SIGHUP,) if _hears_hangup() else ()
    for number in (signal.SIGINT, signal.SIGTERM, *last):
        signal.signal(number, lambda *_: os._exit(code))


def _hears_hangup() -> bool:
    """Return whether a closed terminal is to end the run; Windows has no such signal."""
    return hasattr(signal, "SIGHUP") and signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN


def _terminate(number: int, _frame: object) -> None:
    stop = Terminated(number)
    if hasattr(signal, "setitimer"):  # not on Windows
        signal.signal(signal.SIGALRM, lambda *_: os._exit(stop.exit_code))
        signal.setitimer(signal.ITIMER_REAL, LEAVE_WITHIN_S)
    raise stop
