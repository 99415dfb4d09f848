"""Time limits: for a whole command, which ends as on Ctrl-C, and for a single call."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

T = TypeVar("T")


class OutOfTime(KeyboardInterrupt):
    """The time limit was reached; a KeyboardInterrupt, so that nothing suppresses it."""


@contextmanager
def time_limit(seconds: float | None) -> Iterator[None]:
    """Raise OutOfTime in the main thread if the block exceeds the limit; None means no limit."""
    if seconds is None or threading.current_thread() is not threading.main_thread():
        yield
        return
    if not hasattr(signal, "setitimer"):  # on Windows, watching has its own timer
        yield
        return
    before = signal.signal(signal.SIGALRM, _raise)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        if signal.getsignal(signal.SIGALRM) is _raise:  # otherwise SIGTERM has set its own alarm
            signal.setitimer(signal.ITIMER_REAL, 0)
            signal.signal(signal.SIGALRM, before)


def call_within(seconds: float, call: Callable[[], T], *, name: str) -> T:
    """Return the result of a call, or raise its exception; raises TimeoutError.

    The call runs in a daemon thread, which is abandoned after the time limit.
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
