"""A command in a pseudo-terminal, and what a person sees of it."""

from __future__ import annotations

import contextlib
import fcntl
import itertools
import os
import pty
import select
import struct
import subprocess
import termios
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import pyte
from rich.color import ColorParseError
from rich.style import Style
from rich.text import Text

DIM, GREY = b"\x1b[2m", b"\x1b[90m"
"""Pyte knows nothing of dim text."""


class ScreenCommand:
    """Runs a command with a terminal of a fixed size and keeps the screen it draws."""

    def __init__(
        self,
        command: Sequence[str],
        *,
        environ: Mapping[str, str],
        cwd: Path,
        columns: int = 100,
        lines: int = 24,
    ) -> None:
        self.screen = pyte.Screen(columns, lines)
        self.written = b""
        self._stream = pyte.ByteStream(self.screen)
        self._master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))
        self.process = subprocess.Popen(
            list(command),
            env={**environ, "TERM": "xterm-256color"},
            cwd=cwd,
            stdin=slave,
            stdout=slave,
            stderr=slave,
            preexec_fn=_own_terminal,  # noqa: PLW1509 -- nothing else runs in this test's process
        )
        os.close(slave)

    @property
    def text(self) -> str:
        """The screen as it is, line by line."""
        return "\n".join(line.rstrip() for line in self.screen.display).rstrip()

    def press(self, keys: str) -> None:
        """Type."""
        os.write(self._master, keys.encode())

    def resize(self, *, columns: int, lines: int) -> None:
        """Change the size of the window."""
        self.screen.resize(lines, columns)
        fcntl.ioctl(self._master, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))

    def look(self, seconds: float = 0.05) -> bool:
        """Take in what was drawn meanwhile; False when the command has closed the terminal."""
        ends = time.monotonic() + seconds
        while (left := ends - time.monotonic()) > 0:
            if not select.select([self._master], [], [], left)[0]:
                return True
            try:
                drawn = os.read(self._master, 65536)
            except OSError:
                return False
            if not drawn:
                return False
            self.written += drawn
            self._stream.feed(drawn.replace(DIM, GREY))
        return True

    def wait_for(self, condition: Callable[[str], object], *, within_s: float = 30) -> str:
        """Look until the screen is as wanted and return it; fails when the time is up."""
        ends = time.monotonic() + within_s
        while time.monotonic() < ends:
            is_open = self.look()
            if condition(self.text):
                return self.text
            assert is_open, f"ended with:\n{self.text}"
        raise AssertionError(f"not within {within_s} s, the screen is:\n{self.text}")

    def finish(self, *, within_s: float = 30) -> int:
        """Look until the command has ended; returns its exit status."""
        ends = time.monotonic() + within_s
        while self.look(0.1) and time.monotonic() < ends:
            pass
        return self.process.wait(timeout=5)

    def close(self) -> None:
        """End the command, however it stands."""
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        with contextlib.suppress(OSError):
            os.close(self._master)

    def rows(self) -> list[list[tuple[str, Style]]]:
        """Return the screen line by line, as runs of one style."""
        found = []
        for number in range(len(self.text.splitlines())):
            cells = [self.screen.buffer[number][column] for column in range(self.screen.columns)]
            runs = itertools.groupby(cells, key=_style)
            found.append([("".join(cell.data for cell in run), style) for style, run in runs])
        return found

    def styled(self) -> Text:
        """Return the screen with its colors."""
        lines = [Text.assemble(*row) for row in self.rows()]
        for line in lines:
            line.rstrip()
        return Text("\n").join(lines)


def _own_terminal() -> None:
    os.setsid()
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)


def _style(cell: pyte.screens.Char) -> Style:
    name = cell.fg if cell.fg.isalpha() else f"#{cell.fg}"
    name = "grey62" if name == "brightblack" else name
    try:
        return Style(color=None if name == "default" else name, bold=cell.bold)
    except ColorParseError:
        return Style(bold=cell.bold)
