"""Footnotes: the small type at the foot of a column."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from fnt_server.pipeline.layout import Line

_SMALL: Final = 0.94
_MARK = re.compile(r"^\(?(?:\d{1,3}|[*†‡]{1,3})(?!\d)")
_ENDED = (".", "!", "?", "…", ")", "»")


def drop_notes(
    columns: Sequence[list[Line]], *, size: float, open_note: bool
) -> tuple[list[list[Line]], bool]:
    """Return a page's columns without their notes, and whether the last note goes on overleaf.

    `open_note` says that one does from the page before. Notes begin with a mark; small type
    without one (a letter, a poem) is text.
    """
    kept: list[list[Line]] = []
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
    return [column for column in kept if column], open_note


def _foot(column: Sequence[Line], size: float) -> int:
    """Return where the small type at the end of a column begins."""
    start = len(column)
    while start and column[start - 1].size < _SMALL * size:
        start -= 1
    return start
