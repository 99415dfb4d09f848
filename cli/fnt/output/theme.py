"""Colors and symbols of everything that is drawn on a terminal."""

from __future__ import annotations

from dataclasses import dataclass

from rich.cells import cell_len, set_cell_size

from fnt.output.terminal import Terminal

GAP = "   "

ACCENT, DONE, FAILED, TROUBLE, SECONDARY = "cyan", "green", "red", "yellow", "dim"
"""What moves; what is done; what failed; trouble with the connection; and all that is less urgent.
Only marks and bars are colored, so that words stay readable on any background."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Glyphs:
    """Symbols used in the view."""

    link: str = "●"
    done: str = "✓"
    failed: str = "✗"
    cancelled: str = "–"
    warning: str = "!"
    bar: str = "━"
    bar_rest: str = "─"
    dot: str = "·"
    cut: str = "…"


UNICODE = Glyphs()
ASCII = Glyphs(
    link="*", done="+", failed="x", cancelled="-", bar="#", bar_rest="-", dot="-", cut="~"
)


def glyphs_of(terminal: Terminal) -> Glyphs:
    """Return the symbols that a terminal can show."""
    return UNICODE if terminal.has_glyphs else ASCII


def fitted(text: str, width: int, glyphs: Glyphs) -> str:
    """Shorten a name in its middle, since volumes differ at the end, or pad it to `width`."""
    if cell_len(text) <= width or width < 4:
        return set_cell_size(text, width)
    tail_width = (width - 1) // 2
    head = set_cell_size(text, width - 1 - tail_width)
    tail = ""
    for char in reversed(text):
        if cell_len(char + tail) > tail_width:
            break
        tail = char + tail
    return set_cell_size(f"{head}{glyphs.cut}{tail}", width)
