"""Limits of time: of a whole command, which is left as on Ctrl-C, and of one call."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

T = TypeVar("T")


class OutOfTime(KeyboardInterrupt):
    """Timed out; the same way out as Ctrl-C, and nothing swallows it."""


@contextmanager
def time_limit(seconds: float | None) -> Iterator[None]:
    """Raise OutOfTime in the main thread when the block takes longer; None never does."""
    if seconds is None or threading.current_thread() is not threading.main_thread():
        yield
        return
    if not hasattr(signal, "setitimer"):  # Windows: following has a timer of its own
        yield
        return
    before = signal.signal(signal.SIGALRM, _raise)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        if signal.getsignal(signal.SIGALRM) is _raise:  # else SIGTERM has set its own alarm
            signal.setitimer(signal.ITIMER_REAL, 0)
            signal.signal(signal.SIGALRM, before)


def call_within(seconds: float, call: Callable[[], T], *, name: str) -> T:
    """Return what a call returns, or raise what it raises; TimeoutError when it takes longer.

    It runs in a thread of its own, which is then left behind and does not keep the process alive.
    """
    results: list[T] = []
    errors: list[Exception] = []

    def run() -> None:
        try:
            results.append(call())
        except Exception as error:
            errors.append(error)

    thread = threading.Thread(target=run, name=name, daemon=True)
    thread.start()
    thread.join(seconds)
    if errors:
        raise errors[0]
    if not results:
        raise TimeoutError(f"{name} took more than {seconds:g} s")
    return results[0]


def _raise(*_: object) -> None:
    raise OutOfTime
