"""Captions of pictures: text beside one is read first, and no sentence is broken by one."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise
from typing import Final

from fnt_server.pipeline.layout.geometry import Line

_CAPTION = re.compile(r"(?:fig(?:ure)?|pl(?:anche)?|gravure|illustration|carte|photo)\b\W", re.I)
_SMALL: Final = 0.94
_MOST_LINES: Final = 6
_MOST_CAPTIONS: Final = 20
"""Of a page; what is in smaller type more often is something else."""
_ENDED = re.compile(r"[.!?…:][»”\"’)\]]*$")


def captions_after_sentences(columns: Sequence[list[Line]], *, size: float) -> list[list[Line]]:
    """Return the columns of a page with each caption behind the paragraph it interrupts.

    A caption is in smaller type than the text beside it, or says that it is one.
    """
    moved: list[list[Line]] = []
    before: Line | None = None
    for column in columns:
        last = column[-1] if column else before
        moved.append(_moved(column, before, size))
        before = last
    return moved


def _moved(column: list[Line], before: Line | None, size: float) -> list[Line]:
    small = [line for line in column if line.size < _SMALL * size]
    if not small or len(small) == len(column):
        return column
    captions = _groups(small)
    for caption in captions if len(captions) <= _MOST_CAPTIONS else ():
        rest = [line for line in column if not any(line is one for one in caption)]
        place = next(k for k, line in enumerate(column) if line is caption[0])
        above = column[place - 1] if place else before
        is_beside = any(_are_beside(one, line) for one in caption for line in rest)
        if is_beside or (_CAPTION.match(caption[0].text) and _is_open(above, rest[place:])):
            end = _end_of_paragraph(rest, place, caption[-1].y if is_beside else None)
            column = [*rest[:end], *caption, *rest[end:]]
    return column


def _groups(lines: Sequence[Line]) -> list[list[Line]]:
    """Return the lines that are close below each other, a few at a time."""
    groups = [[lines[0]]]
    for above, line in pairwise(lines):
        close = 0 < above.y - line.y < 1.7 * line.size and abs(above.size - line.size) < 0.5
        if close and line.x0 < above.x1 and above.x0 < line.x1:
            groups[-1].append(line)
        else:
            groups.append([line])
    return [group for group in groups if len(group) <= _MOST_LINES]


def _are_beside(caption: Line, line: Line) -> bool:
    apart = line.x0 > caption.x1 or line.x1 < caption.x0
    near = abs(caption.y - line.y) < 0.8 * line.size
    return apart and near and caption.size < _SMALL * line.size


def _is_open(above: Line | None, below: Sequence[Line]) -> bool:
    """Return whether a sentence goes on from above a caption to below it."""
    if above is None or not below or _ENDED.search(above.text):
        return False
    return below[0].text[:1].islower()


def _end_of_paragraph(lines: Sequence[Line], start: int, foot: float | None) -> int:
    """Return the place of the first line from here on that begins behind a sentence's end.

    A picture with text beside it reaches down to `foot`. Where the text goes on overleaf, it is
    the place before.
    """
    for place in range(start, len(lines)):
        above = lines[place - 1] if place else None
        if foot is not None and lines[place].y > foot:
            continue
        if above and _ENDED.search(above.text) and not lines[place].text[0].islower():
            return place
    if not lines or _ENDED.search(lines[-1].text):
        return len(lines)
    ends = (k for k in range(min(start, len(lines) - 1), 0, -1) if _ENDED.search(lines[k - 1].text))
    return next((k for k in ends if not lines[k].text[0].islower()), len(lines))
