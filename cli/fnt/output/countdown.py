"""How long something is still waited for: one line drawn over, or now and then a new one."""

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
    """Give a function that shows the seconds left; what it drew is gone at the end."""
    if not animated or not terminal.can_animate or terminal.is_quiet:
        yield _Lines(terminal, what)
        return
    from rich.live import Live  # noqa: PLC0415 -- 40 ms that a script need not wait
    from rich.text import Text  # noqa: PLC0415 -- as above

    with Live(console=terminal.console, auto_refresh=False, transient=True) as live:
        yield lambda left_s: live.update(Text(f"{what} {duration(round(left_s))}"), refresh=True)


class _Lines:
    """Says a line at the start and every half minute."""

    def __init__(self, terminal: Terminal, what: str) -> None:
        self._terminal = terminal
        self._what = what
        self._due_s = float("inf")

    def __call__(self, left_s: float) -> None:
        if left_s <= self._due_s:
            self._terminal.say(f"{self._what} {duration(round(left_s))}")
            self._due_s = left_s - SAY_EVERY_S
