"""A closed terminal (SIGHUP) ends a process like SIGTERM, unless it runs under `nohup`."""

from __future__ import annotations

import signal
from collections.abc import Callable
from types import FrameType

Handler = Callable[[int, FrameType | None], None]


def on_hangup() -> signal.Handlers | Handler:
    """Return the handler of SIGHUP for this process; ask before a library sets its own."""
    is_ignored = signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
    return signal.SIG_IGN if is_ignored else _terminate


def _terminate(*_: object) -> None:
    signal.signal(signal.SIGHUP, signal.SIG_IGN)  # shell and kernel both send one
    signal.raise_signal(signal.SIGTERM)
