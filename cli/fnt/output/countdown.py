"""A countdown, redrawn in place or printed as occasional lines."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from fnt.output.formatting import duration
from fnt.output.terminal import Terminal

SAY_EVERY_S = 30.0


@contextmanager
def countdown(
    terminal: Terminal, what: str, *, animated: bool
) -> Iterator[Callable[[float], None]]:
    """Yield a function that displays the seconds left; clear what it drew on exit."""
    if not animated or not terminal.can_animate or terminal.is_quiet:
        yield _Lines(terminal, what)
        return
    from rich.live import Live  # noqa: PLC0415 -- takes 40 ms, which a script can save
    from rich.text import Text  # noqa: PLC0415 -- as above

    with Live(console=terminal.console, auto_refresh=False, transient=True) as live:
        yield lambda left_s: live.update(Text(f"{what} {duration(round(left_s))}"), refresh=True)


class _Lines:
    """Prints one line at the start and then every 30 seconds."""

    def __init__(self, terminal: Terminal, what: str) -> None:
        self._terminal = terminal
        self._what = what
        self._due_s = float("inf")

    def __call__(self, left_s: float) -> None:
        if left_s <= self._due_s:
            self._terminal.say(f"{self._what} {duration(round(left_s))}")
            self._due_s = left_s - SAY_EVERY_S
