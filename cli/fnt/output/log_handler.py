"""Log records of this program, printed on the terminal."""

from __future__ import annotations

import logging

from fnt.output.terminal import Terminal


class TerminalHandler(logging.Handler):
    """Prints log records on the terminal, escaped and above the live view."""

    def __init__(self, terminal: Terminal) -> None:
        super().__init__()
        self._terminal = terminal

    def emit(self, record: logging.LogRecord) -> None:
        """Print one record."""
        self._terminal.say(f"{record.name}: {record.getMessage()}")


def log_to(terminal: Terminal, *, level: int) -> None:
    """Print this program's log records on the terminal."""
    log = logging.getLogger("fnt")
    log.handlers = [TerminalHandler(terminal)]
    log.setLevel(level)
