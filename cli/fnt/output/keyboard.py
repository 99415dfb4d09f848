"""Single key presses from the terminal, whose mode is restored afterwards."""

from __future__ import annotations

import os
import select
import threading
from collections.abc import Callable
from typing import Any, TextIO

from fnt.output.foreground import in_foreground

try:
    import termios
    import tty
except ImportError:  # Windows, where only Ctrl-C works
    termios = None  # type: ignore[assignment]


def can_read_keys(stdin: TextIO) -> bool:
    """Return whether stdin is the terminal that controls this process."""
    if termios is None:
        return False
    try:
        os.tcgetpgrp(stdin.fileno())
    except (OSError, ValueError):
        return False
    return True


class Keyboard:
    """Calls `on_key` from a thread for each key pressed between `start` and `stop`."""

    def __init__(self, stdin: TextIO, on_key: Callable[[str], None]) -> None:
        self._stdin = stdin
        self._on_key = on_key
        self._mode: list[Any] | None = None
        """The mode to restore."""
        self._wake: int | None = None
        """Ends the thread when written to."""
        self._reader: threading.Thread | None = None

    def start(self) -> None:
        """Switch the terminal to single keys; only from its foreground, or the system stops us."""
        fd = self._stdin.fileno()
        self._mode = self._mode or termios.tcgetattr(fd)
        tty.setcbreak(fd, termios.TCSADRAIN)
        wake, self._wake = os.pipe()
        self._reader = threading.Thread(
            target=self._read, args=(fd, wake), name="fnt-keys", daemon=True
        )
        self._reader.start()

    def stop(self) -> None:
        """Stop reading keys and restore the mode, unless the terminal now belongs to others."""
        if self._reader is not None and self._wake is not None:
            os.close(self._wake)
            self._reader.join(timeout=1.0)
            self._reader = self._wake = None
        if self._mode is not None and in_foreground(self._stdin):
            termios.tcsetattr(self._stdin.fileno(), termios.TCSADRAIN, self._mode)
            self._mode = None

    def _read(self, fd: int, wake: int) -> None:
        try:
            while True:
                ready, _, _ = select.select([fd, wake], [], [])
                if wake in ready or not in_foreground(self._stdin):
                    return
                data = os.read(fd, 32)
                if not data:
                    return
                key = key_of(data)
                if key is not None:
                    self._on_key(key)
        finally:
            os.close(wake)


def key_of(data: bytes) -> str | None:
    """Return the key pressed, or None for several bytes at once: an arrow key or pasted text."""
    return data.decode("latin-1") if len(data) == 1 else None
