"""Typesetting of the book: margins of columns, indents, leading."""

from __future__ import annotations

import statistics
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain, pairwise
from typing import Final

from fnt_server.pipeline.layout.geometry import HYPHEN, Line

_MIN_LINES: Final = 20
_ENOUGH_LINES: Final = 4
"""Of a column, to show its own margins."""
_MOST_PARTS: Final = 100
"""Of a page that are compared with each other."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """Consecutive lines of a page, with their left and right margins."""

    page: int
    lines: tuple[Line, ...]
    left: float
    right: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Typesetting:
    """What paragraphs of this book look like."""

    size: float
    leading: float
    """From baseline to baseline."""
    indents: bool
    """New paragraphs are indented."""
    indent: float
    hanging: bool = False
    """The opposite: all lines of a paragraph but the first are indented."""

    @classmethod
    def of(cls, columns: Sequence[Column], *, size: float) -> Typesetting:
        """Derive it from the columns of the whole book."""
        gaps: Counter[float] = Counter()
        shifts: Counter[float] = Counter()
        lines = 0
        for column in columns:
            lines += len(column.lines)
            for above, below in pairwise(column.lines):
                gaps[round(above.y - below.y, 1)] += 1
            for line in column.lines:
                shift = line.x0 - column.left
                if 0.6 * size < shift < 4 * size:
                    shifts[round(shift)] += 1
        usual = {gap: count for gap, count in gaps.items() if 0.8 * size < gap < 3.5 * size}
        indent, _ = max(shifts.items(), key=lambda item: (item[1], -item[0]), default=(0, 0))
        return cls(
            size=size,
            leading=max(usual, key=lambda gap: (usual[gap], -gap), default=1.2 * size),
            indents=sum(shifts.values()) > 0.04 * lines,
            indent=float(indent),
            hanging=_is_hanging(columns, size),
        )


def _is_hanging(columns: Sequence[Column], size: float) -> bool:
    """Return whether indented lines are those that continue a sentence."""
    further = total = 0
    for column in columns:
        for above, line in pairwise(column.lines):
            if above.text[-1].islower() or above.text[-1] == HYPHEN:
                total += 1
                further += 0.6 * size < line.x0 - column.left < 4 * size
    return further > 0.7 * total and total >= _MIN_LINES


def with_margins(columns: Sequence[tuple[int, list[Line]]], *, size: float) -> list[Column]:
    """Return the columns with their margins, corrected by those usual in the book."""
    frames = _frames(columns)
    lefts = [_left(lines, size) for lines in frames]
    usual = Counter(round(left) for left in lefts)
    rights: dict[int, list[float]] = {}
    corrected = [
        _corrected(left, usual, size, alone=len(lines) < _ENOUGH_LINES)
        if _is_flush(lines, left)
        else left
        for left, lines in zip(lefts, frames, strict=True)
    ]
    for left, lines in zip(corrected, frames, strict=True):
        rights.setdefault(round(left), []).append(_right(lines))
    return [
        Column(
            page=page,
            lines=tuple(lines),
            left=left,
            right=max(statistics.median(rights[round(left)]), _right(frame)),
        )
        for left, frame, (page, lines) in zip(corrected, frames, columns, strict=True)
    ]


def _frames(columns: Sequence[tuple[int, list[Line]]]) -> list[list[Line]]:
    """Return the lines that show the margins of each column: if it has few, also those above it."""
    by_page: dict[int, list[list[Line]]] = {}
    for page, lines in columns:
        by_page.setdefault(page, []).append(lines)
    return [_frame(lines, by_page[page]) for page, lines in columns]


def _frame(lines: list[Line], parts: Sequence[list[Line]]) -> list[Line]:
    if not 1 < len(parts) < _MOST_PARTS or len(lines) >= _ENOUGH_LINES:
        return lines
    left, right = min(line.x0 for line in lines), max(line.x1 for line in lines)
    others = [part for part in parts if part is not lines]
    near = [line for part in others for line in part if line.x0 < right and line.x1 > left] or list(
        chain(*others)
    )
    return [*lines, *near]


def _left(lines: Sequence[Line], size: float) -> float:
    """Return the leftmost start that two lines share, or else the leftmost of all."""
    starts = sorted(line.x0 for line in lines if 0.9 < line.size / size < 1.1)
    for first, second in pairwise(starts):
        if second - first < 1.5:
            return first
    return min((line.x0 for line in lines), default=0.0)


def _is_flush(lines: Sequence[Line], left: float) -> bool:
    """Return whether all lines start at the same position: flush, or all indented."""
    return sum(abs(line.x0 - left) < 1.5 for line in lines) > 0.8 * len(lines)


def _right(lines: Sequence[Line]) -> float:
    ends = sorted(line.x1 for line in lines)
    return ends[int(0.8 * (len(ends) - 1))]


def _corrected(left: float, usual: Counter[int], size: float, *, alone: bool) -> float:
    """Return a more common margin slightly to the left if all lines of the page are indented.

    It may be far to the left of few lines: a signature alone on a page.
    """
    own = sum(usual[round(left) + step] for step in (-1, 0, 1))
    furthest = float("inf") if alone else 3.5 * size
    nearby = [x for x in usual if 0.5 * size < left - x < furthest]
    best = max(nearby, key=lambda x: (usual[x], -x), default=None)
    fewest = max(1.5 * own, 0.15 * usual.total())  # margins of scanned pages are all over the place
    return float(best) if best is not None and usual[best] > fewest else left
