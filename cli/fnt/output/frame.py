"""Lines at the bottom of the terminal, redrawn in place."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import (
    Console,
    ConsoleOptions,
    ConsoleRenderable,
    RenderableType,
    RenderHook,
    RenderResult,
)
from rich.control import Control
from rich.segment import ControlType, Segment

ERASE_BELOW = "\r\x1b[K\x1b[C\x1b[J\r"
"""From the second column on: tmux copies a window erased from its first cell into the history."""
WRAP, NO_WRAP = "\x1b[?7h", "\x1b[?7l"


class Frame(RenderHook):
    """Redraws its content below everything that is printed while it is shown.

    The cursor rests at the start of the first line. A terminal that rewraps lines for another width
    keeps it there, so that erasing from the cursor on leaves nothing of the frame behind.
    """

    def __init__(self, console: Console, *, hides_cursor: bool = True) -> None:
        self._console = console
        self._hides_cursor = hides_cursor
        self._content: RenderableType = ""
        self._is_shown = False

    def show(self) -> None:
        """Start drawing."""
        if not self._is_shown:
            self._is_shown = True
            self._console.show_cursor(not self._hides_cursor)
            self._console.push_render_hook(self)

    def draw(self, content: RenderableType, *, above: RenderableType | None = None) -> None:
        """Replace the content, and print lines above it."""
        self._content = content
        self._console.print(Control() if above is None else above)

    def hide(self) -> None:
        """Erase the content and show the cursor again."""
        if self._is_shown:
            self.drop()
            self._console.control(_control(ERASE_BELOW))

    def drop(self) -> None:
        """Show the cursor again, wherever it is now."""
        if self._is_shown:
            self._is_shown = False
            self._console.pop_render_hook()
            self._console.show_cursor(True)

    def process_renderables(self, renderables: list[ConsoleRenderable]) -> list[ConsoleRenderable]:
        """Place printed output above the content."""
        return [_control(ERASE_BELOW), *renderables, _Content(self._content)]


class _Content:
    """Content of limited height, after which the cursor returns to its start."""

    def __init__(self, content: RenderableType) -> None:
        self._content = content

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        lines = console.render_lines(self._content, options, pad=False)[: options.size.height]
        yield _control(NO_WRAP)  # a window that was narrowed meanwhile cuts lines
        yield from _joined(lines)
        yield _control(WRAP)
        yield Control.move(y=1 - len(lines))
        yield Control((ControlType.CARRIAGE_RETURN,))


def _joined(lines: Sequence[list[Segment]]) -> RenderResult:
    for number, line in enumerate(lines):
        if number:
            yield Segment.line()
        yield from line


def _control(code: str) -> Control:
    control = Control()
    control.segment = Segment(code, None, [(ControlType.CLEAR,)])
    return control
