"""Single key presses from the terminal; its mode is restored on exit."""

from __future__ import annotations

import contextlib
import os
import select
import threading
from collections.abc import Callable, Iterator
from typing import TextIO

try:
    import termios
    import tty
except ImportError:  # Windows, where only Ctrl-C works
    termios = None  # type: ignore[assignment]


def can_read_keys(stdin: TextIO) -> bool:
    """Return whether stdin is a terminal and this process is in its foreground."""
    if termios is None:
        return False
    try:
        fd = stdin.fileno()
        # Changing the terminal mode from the background would stop the process.
        return os.isatty(fd) and os.tcgetpgrp(fd) == os.getpgrp()
    except (OSError, ValueError):
        return False


@contextlib.contextmanager
def reading_keys(stdin: TextIO, on_key: Callable[[str], None]) -> Iterator[None]:
    """Call `on_key` from a thread for each key pressed inside the block."""
    fd = stdin.fileno()
    saved = termios.tcgetattr(fd)
    wake_read, wake_write = os.pipe()
    reader = threading.Thread(
        target=_read, args=(fd, wake_read, on_key), name="fnt-keys", daemon=True
    )
    try:
        tty.setcbreak(fd, termios.TCSADRAIN)
        reader.start()
        yield
    finally:
        os.write(wake_write, b".")
        reader.join(timeout=1.0)
        termios.tcsetattr(fd, termios.TCSADRAIN, saved)
        os.close(wake_read)
        os.close(wake_write)


def _read(fd: int, wake: int, on_key: Callable[[str], None]) -> None:
    while True:
        ready, _, _ = select.select([fd, wake], [], [])
        if wake in ready:
            return
        data = os.read(fd, 32)
        if not data:
            return
        key = key_of(data)
        if key is not None:
            on_key(key)


def key_of(data: bytes) -> str | None:
    """Return the key pressed, or None for several bytes at once: an arrow key or pasted text."""
    return data.decode("latin-1") if len(data) == 1 else None
