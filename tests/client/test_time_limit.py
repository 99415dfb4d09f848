"""Time limits of commands and calls."""

from __future__ import annotations

import signal
import threading

import pytest

from fnt.time_limit import call_within, time_limit


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="no alarms here")
def test_an_alarm_set_meanwhile_is_left_armed() -> None:
    """SIGTERM sets an alarm of its own inside a block that has a time limit."""
    before = signal.getsignal(signal.SIGALRM)
    try:
        with time_limit(60.0):
            signal.signal(signal.SIGALRM, lambda *_: None)
            signal.setitimer(signal.ITIMER_REAL, 50.0)

        assert 0 < signal.getitimer(signal.ITIMER_REAL)[0] <= 50.0
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def test_a_call_returns_its_result_or_raises_its_error() -> None:
    assert call_within(5, lambda: 1 + 1, name="sum") == 2
    with pytest.raises(ZeroDivisionError):
        call_within(5, lambda: 1 // 0, name="sum")


def test_a_call_that_does_not_end_is_left_behind() -> None:
    over = threading.Event()
    try:
        with pytest.raises(TimeoutError, match=r"waiting took more than 0\.05 s"):
            call_within(0.05, over.wait, name="waiting")
    finally:
        over.set()
