"""Signatures and dates of letters that stand flush left, as tight as the text."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise
from typing import Final

from fnt_server.pipeline.layout.geometry import Line
from fnt_server.pipeline.layout.margins import Column

_FINAL: Final = tuple(".!?…")
_NAME_WORDS: Final = 5
_INITIALS = re.compile(r"(?:[A-ZÀ-Þ]\.[ \xa0-]?|d[eu] |d[’'])++")
_DATE_WORDS: Final = 6
_DATE_END = re.compile(r"(?<=[ \xa0])1[5-9]\d\d$|(?<=[ \xa0])20\d\d$|18…$")
_APART: Final = 1.2
"""Gap above a name that may end in a period, in usual gaps."""
_SHORT: Final = 0.7
"""Of the column; a longer line may go on overleaf."""


def is_signature(column: Column, place: int, before: Line | None, after: Line | None) -> bool:
    """Return whether a name or a date stands below a full line that ends a sentence.

    The last line of a paragraph ends with a mark. Below a name there is white or an indented
    line, or the column ends and `after`, the first line of the next, begins a sentence. `before`
    is the last line of the column before.
    """
    lines = column.lines
    above, line = lines[place - 1] if place else before, lines[place]
    if above is None or not above.text.endswith(_FINAL):
        return False
    if place and not _is_close(above, line):
        return False
    apart = place > 1 and above.y - line.y > _APART * _usual_gap(lines, place)
    if not may_be_name(line.text.rstrip(".") if apart else line.text):
        return False
    is_short = line.x1 - column.left < _SHORT * (column.right - column.left)
    if place + 1 < len(lines):
        below = lines[place + 1]
        is_flush = abs(line.x0 - column.left) < 1
        indents = is_flush and below.x0 - line.x0 > 0.6 * line.size
        white = line.y - below.y > 1.35 * _usual_gap(lines, place)
        return white or (indents and is_short and below.text[0].isupper())
    goes_on = after is None or after.text[0].islower()
    return is_short and not goes_on


def _usual_gap(lines: Sequence[Line], place: int) -> float:
    """Return the smaller of the two gaps above a line; at the top, that below the next line."""
    first = max(0, place - 2)
    near = lines[first : place + 1] if place else lines[1:3]
    gaps = [above.y - line.y for above, line in pairwise(near)]
    return max(min(gaps, default=0.0), lines[place].size)


def may_be_name(text: str) -> bool:
    """Return whether a line is as short as a name or a date, and ends like one."""
    if not text[:1].isupper():
        return False
    words = len(text.split())
    if text[-1].isalpha() or _INITIALS.fullmatch(text):
        return words <= _NAME_WORDS
    return words <= _DATE_WORDS and bool(_DATE_END.search(text))


def _is_close(above: Line, line: Line) -> bool:
    return 0.92 < above.size / line.size < 1.08 and above.y - line.y < 2.6 * line.size
