"""The end of a run: what came of it, and what failed, as plain lines or styled for a terminal."""

from __future__ import annotations

from collections.abc import Sequence

from fnt.output.sanitize import clean
from fnt.output.terminal import Terminal


def show_summary(terminal: Terminal, parts: Sequence[str], *, is_good: bool, styled: bool) -> None:
    """Print what came of a run: `✓ 41 saved in sentences/ · 2 failed · 5 min 10 s`."""
    if not styled:
        terminal.say(", ".join(parts))
        return
    from fnt.output.rows import summary_line  # noqa: PLC0415 -- Rich takes 50 ms
    from fnt.output.theme import glyphs_of  # noqa: PLC0415 -- as above

    terminal.console.print(summary_line(parts, is_good=is_good, glyphs=glyphs_of(terminal)))


def show_failures(terminal: Terminal, failures: Sequence[tuple[str, str]], *, styled: bool) -> None:
    """Print the name of each failed book, and why, with what to do about it."""
    if not styled:
        for name, text in failures:
            terminal.say_error(f"{name}: {text}")
        return
    from fnt.output.table import Column, TableRow, table_of  # noqa: PLC0415 -- as above
    from fnt.output.theme import glyphs_of  # noqa: PLC0415 -- as above

    rows = [
        TableRow(cells=[clean(name)], note=clean(text), word="failed") for name, text in failures
    ]
    console, columns = terminal.console, [Column(is_name=True)]
    console.print(table_of(columns, rows, console=console, glyphs=glyphs_of(terminal)))
