"""Footnotes: the small type at the foot of a column."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from fnt_server.pipeline.layout import Line

_SMALL: Final = 0.94
_MARK = re.compile(r"^\(?(?:\d{1,3}|[*†‡]{1,3})(?!\d)")
_ENDED = (".", "!", "?", "…", ")", "»")


def part_notes(
    columns: Sequence[list[Line]], *, size: float, open_note: bool
) -> tuple[list[list[Line]], list[Line], bool]:
    """Return a page's columns without notes, the notes, and whether the last goes on.

    `open_note` says that one does from the page before. Notes begin with a mark; small type
    without one (a letter, a poem) is text.
    """
    kept: list[list[Line]] = []
    notes: list[Line] = []
    for column in columns:
        start = _foot(column, size)
        foot = column[start:]
        marks = [k for k, line in enumerate(foot) if _MARK.match(line.text)]
        if not foot or not (open_note or marks):
            kept.append(column)
            continue
        cut = start if open_note else start + marks[0]
        open_note = not foot[-1].text.endswith(_ENDED)
        kept.append(column[:cut])
        notes += column[cut:]
    return [column for column in kept if column], notes, open_note


def is_note(line: Line, *, size: float) -> bool:
    """Tell a line that looks like the beginning of a note."""
    return line.size < _SMALL * size and bool(_MARK.match(line.text))


def _foot(column: Sequence[Line], size: float) -> int:
    """Return where the small type at the end of a column begins."""
    start = len(column)
    while start and column[start - 1].size < _SMALL * size:
        start -= 1
    return start
