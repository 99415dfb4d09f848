"""A countdown, redrawn in place or printed as occasional lines."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from fnt.output.foreground import in_foreground
from fnt.output.formatting import duration
from fnt.output.terminal import Terminal

SAY_EVERY_S = 30.0


@contextmanager
def countdown(
    terminal: Terminal, what: str, *, animated: bool
) -> Iterator[Callable[[float], None]]:
    """Yield a function that displays the seconds left; clear what it drew on exit."""
    lines = _Lines(terminal, what)
    if not animated:
        yield lines
        return
    with status_note(terminal) as note:

        def show(left_s: float) -> None:
            if not note(f"{what} {duration(round(left_s))}"):
                lines(left_s)

        yield show


@contextmanager
def status_note(terminal: Terminal) -> Iterator[Callable[[str], bool]]:
    """Yield a function that shows a note in place; it returns whether the terminal allows that."""
    if not terminal.can_animate or terminal.is_quiet:
        yield lambda _: False
        return
    from rich.text import Text  # noqa: PLC0415 -- takes 40 ms, which a script can save

    from fnt.output.frame import Frame  # noqa: PLC0415 -- as above

    frame = Frame(terminal.console, hides_cursor=False)  # nothing to restore on Ctrl-Z

    def show(text: str) -> bool:
        if not in_foreground(terminal.err):
            frame.drop()
            return False
        frame.show()
        frame.draw(Text(text))
        return True

    try:
        yield show
    finally:
        if in_foreground(terminal.err):
            frame.hide()


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
