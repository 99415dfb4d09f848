"""Lines and pages, and their reading order."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Final

HYPHEN: Final = "\x02"
"""Represents a hyphen at the end of a line, however the file encodes it."""

SOFT_HYPHEN: Final = "\xad"
"""Before HYPHEN: only the line end made it, as far as the file says."""

_SMALLEST: Final = 0.1
"""Points; what sizes are rounded to."""

_SIZES: Final = 6
"""Number of type sizes that nearly all of a printed book uses."""

MIN_COLUMN_LINES: Final = 10
"""Minimum number of lines for a page to show that it has two columns."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One printed line, in points, y upwards."""

    text: str
    x0: float
    x1: float
    y: float
    """Of the baseline."""
    size: float
    calls: tuple[str, ...] = ()
    """Note calls that were removed from it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """The lines of a page in the order of the file."""

    number: int
    """From 1."""
    height: float
    lines: tuple[Line, ...]
    unmapped: int = 0
    """Characters left out because their font does not say which they are."""


def body_size(pages: Sequence[Page]) -> float:
    """Return the type size most of the text is set in."""
    letters: Counter[float] = Counter()
    for page in pages:
        for line in page.lines:
            letters[round(line.size, 1)] += len(line.text)
    size = max(letters, key=lambda size: (letters[size], size), default=10.0)
    return max(size, _SMALLEST)


def with_steady_sizes(pages: Sequence[Page]) -> list[Page]:
    """Return the pages with one size for the text if OCR guessed it line by line."""
    letters: Counter[float] = Counter()
    for page in pages:
        for line in page.lines:
            letters[round(line.size, 1)] += len(line.text)
    most = sum(count for _, count in letters.most_common(_SIZES))
    if most > 0.8 * letters.total():
        return list(pages)
    middle = _median(letters)
    near = {size for size in letters if abs(size - middle) < 0.15 * middle}
    return [
        replace(
            page,
            lines=tuple(
                replace(line, size=middle) if round(line.size, 1) in near else line
                for line in page.lines
            ),
        )
        for page in pages
    ]


def _median(counts: Counter[float]) -> float:
    left = counts.total() / 2
    for size, count in sorted(counts.items()):
        left -= count
        if left <= 0:
            return size
    return 0.0


def usual_leading(pages: Iterable[Page], *, size: float) -> float:
    """Return the most common distance between the baselines of consecutive lines."""
    gaps: Counter[float] = Counter()
    for page in pages:
        gaps.update(round(above.y - below.y, 1) for above, below in pairwise(page.lines))
    usual = {gap: count for gap, count in gaps.items() if 0.8 * size < gap < 3.5 * size}
    return max(usual, key=lambda gap: (usual[gap], -gap), default=1.2 * size)


def usual_gutter(pages: Iterable[Sequence[Line]]) -> float | None:
    """Return the position of the gutter on most pages, if most have one."""
    found = [find_gutter(lines) for lines in pages if len(lines) >= MIN_COLUMN_LINES]
    places = Counter(round(gutter) for gutter in found if gutter is not None)
    place, _ = max(places.items(), key=lambda item: (item[1], -item[0]), default=(None, 0))
    return float(place) if place is not None and places.total() > 0.5 * len(found) else None


def columns(lines: Sequence[Line], *, usual: float | None = None) -> list[list[Line]]:
    """Return the lines in reading order, one list per column of each band of the page.

    `usual` is the gutter of the book, for pages with too few lines to show theirs.
    """
    gutter = find_gutter(lines)
    if gutter is None and any(line.x0 >= (usual or line.x1) for line in lines):
        gutter = usual
    if gutter is None:
        return [_downwards(lines)] if lines else []
    parts: list[list[Line]] = []
    left: list[Line] = []
    right: list[Line] = []
    for line in sorted(lines, key=lambda line: -line.y):
        if line.x0 < gutter < line.x1:
            parts += [left, right, [line]]
            left, right = [], []
        else:
            (left if line.x1 <= gutter else right).append(line)
    return [part for part in [*parts, left, right] if part]


def _downwards(lines: Sequence[Line]) -> list[Line]:
    """Sort by baseline, unless the file already is, apart from raised or lowered marks."""
    if any(above.y < below.y - 2 for above, below in pairwise(lines)):
        lines = [line for row in group_rows(lines) for line in row]
    if not any(_follows(line, after) for line, after in pairwise(lines)):
        return list(lines)
    whole = [lines[0]]
    for line in lines[1:]:
        if _follows(whole[-1], line):
            whole[-1] = _continued(whole[-1], line)
        else:
            whole.append(line)
    return whole


def group_rows(lines: Sequence[Line]) -> list[list[Line]]:
    """Return rows from top to bottom: lines on nearly one baseline, from left to right."""
    rows: list[list[Line]] = []
    for line in sorted(lines, key=lambda line: -line.y):
        if rows and rows[-1][0].y - line.y < 0.2 * line.size:
            rows[-1].append(line)
        else:
            rows.append([line])
    return [sorted(row, key=lambda line: line.x0) for row in rows]


def _follows(line: Line, after: Line) -> bool:
    """Return whether `after` continues the line: a file may draw a line in pieces."""
    same_type = 0.9 * line.size < after.size < 1.1 * line.size
    return abs(line.y - after.y) < 0.2 * line.size and after.x0 > line.x1 - 1 and same_type


def _continued(line: Line, after: Line) -> Line:
    near = after.x0 - line.x1 < 0.1 * line.size
    text = line.text.replace(HYPHEN, "-") + ("" if near else " ") + after.text
    return replace(line, text=text, x1=after.x1, calls=line.calls + after.calls)


def find_gutter(lines: Sequence[Line]) -> float | None:
    """Return the x of an empty strip between two columns of text, if there is one."""
    if len(lines) < MIN_COLUMN_LINES:
        return None
    left_edge = min(line.x0 for line in lines)
    width = max(line.x1 for line in lines) - left_edge
    starts = Counter(round(line.x0) for line in lines if line.x0 > left_edge + 0.3 * width)
    for start, count in starts.most_common(3):
        gutter = start - 3.0
        if count >= 4 and left_edge + 0.35 * width < gutter < left_edge + 0.65 * width:
            crossing = sum(line.x0 < gutter < line.x1 for line in lines)
            left = sum(line.x1 <= gutter for line in lines)
            right = sum(line.x0 >= gutter for line in lines)
            if crossing <= 0.15 * len(lines) and min(left, right) >= 4:
                return gutter
    return None
