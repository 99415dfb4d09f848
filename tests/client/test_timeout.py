"""The end of a command's time, and what must outlive it."""

from __future__ import annotations

import signal

import pytest

from fnt.timeout import time_limit


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="no alarms here")
def test_an_alarm_set_meanwhile_is_left_armed() -> None:
    """SIGTERM sets one of its own, in the middle of whatever has a limit."""
    before = signal.getsignal(signal.SIGALRM)
    try:
        with time_limit(60.0):
            signal.signal(signal.SIGALRM, lambda *_: None)
            signal.setitimer(signal.ITIMER_REAL, 50.0)

        assert 0 < signal.getitimer(signal.ITIMER_REAL)[0] <= 50.0
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
