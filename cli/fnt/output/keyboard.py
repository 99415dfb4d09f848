"""Single keys from the terminal while the live view is drawn; the terminal's mode is restored."""

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
except ImportError:  # Windows: Ctrl-C is the only key there
    termios = None  # type: ignore[assignment]


def can_read_keys(stdin: TextIO) -> bool:
    """Whether keys reach this process: a terminal, and not from the background."""
    if termios is None:
        return False
    try:
        fd = stdin.fileno()
        # Changing the mode of a terminal from its background would stop the process.
        return os.isatty(fd) and os.tcgetpgrp(fd) == os.getpgrp()
    except (OSError, ValueError):
        return False


@contextlib.contextmanager
def reading_keys(stdin: TextIO, on_key: Callable[[str], None]) -> Iterator[None]:
    """Call `on_key`, in a thread, for each key pressed meanwhile."""
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
    """Return the key that was pressed; several bytes at once are an arrow key or a paste."""
    return data.decode("latin-1") if len(data) == 1 else None
