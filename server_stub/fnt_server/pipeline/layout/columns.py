"""Columns of text: the gutters between them, and the order in which they are read."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import Final, NamedTuple

from msgspec.structs import replace

from fnt_server.pipeline.layout.geometry import HYPHEN, Line

_MIN_LINES: Final = 10
"""Minimum number of lines for a page to show that it has columns."""
_MIN_SIDE: Final = 4
"""Minimum number of lines of a column beside another."""
_MIN_WIDTH: Final = 6.0
"""Mean width of the lines of a column, in type sizes; numbers are narrower."""
_MOST_STARTS: Final = 16
_MOST_CROSSINGS: Final = 0.15
_STEP: Final = 1.5
"""Points by which the lines of a column start or end apart."""


class Gutter(NamedTuple):
    """The white between two columns."""

    left: float
    right: float
    """Where the column to the right begins."""

    def is_crossed_by(self, line: Line) -> bool:
        """Return whether a line is in both columns, or centered between them."""
        if line.x0 >= self.right - _STEP:
            return False
        off_center = abs(line.x0 + line.x1 - self.left - self.right) / 2
        return line.x1 > self.right + _STEP or (off_center < _STEP and line.x1 > self.left + _STEP)


Gutters = tuple[Gutter, ...]


def usual_gutters(pages: Iterable[Sequence[Line]]) -> list[Gutters]:
    """Return the gutters of pages, the most common first, if most pages have any."""
    found = [find_gutters(lines) for lines in pages if len(lines) >= _MIN_LINES]
    counts = Counter(tuple(round(gutter.right) for gutter in gutters) for gutters in found)
    if 2 * counts[()] >= len(found):
        return []
    exact = {tuple(round(gutter.right) for gutter in gutters): gutters for gutters in found}
    return [exact[places] for places, _ in counts.most_common(_MOST_STARTS) if places]


def find_gutters(lines: Sequence[Line]) -> Gutters:
    """Return the gutters of a page from left to right: those that few lines cross."""
    if len(lines) < _MIN_LINES or _runs_down(lines):
        return ()
    starts = Counter(round(line.x0) for line in lines)
    found = (
        _gutter_before(start, lines)
        for start, count in starts.most_common(_MOST_STARTS)
        if count >= _MIN_SIDE
    )
    return tuple(sorted(gutter for gutter in found if gutter))


def _runs_down(lines: Sequence[Line]) -> bool:
    """Return whether each line is below the one before, so that none is beside another."""
    return all(above.y > below.y + 0.5 * below.size for above, below in pairwise(lines))


def _gutter_before(start: float, lines: Sequence[Line]) -> Gutter | None:
    """Return the gutter before a column that starts here, if lines on both sides show one."""
    left = [line for line in lines if line.x1 < start]
    right = [line for line in lines if line.x0 > start - _STEP]
    if not left or not right:
        return None
    top = min(max(line.y for line in side) for side in (left, right)) + _STEP
    foot = max(min(line.y for line in side) for side in (left, right)) - _STEP
    sides = [[line for line in side if foot < line.y < top] for side in (left, right)]
    if not all(map(_is_column, sides)):
        return None
    beside = sum(foot < line.y < top for line in lines)
    if beside - sum(map(len, sides)) > _MOST_CROSSINGS * beside:
        return None
    ends = sorted(line.x1 for line in sides[0])
    return Gutter(left=ends[int(0.95 * (len(ends) - 1))], right=start)


def _is_column(lines: Sequence[Line]) -> bool:
    """Return whether lines are text; the names of a play's speakers repeat."""
    different = len({line.text for line in lines})
    width = sum((line.x1 - line.x0) / max(line.size, 1) for line in lines)
    return (
        len(lines) >= _MIN_SIDE and width >= _MIN_WIDTH * len(lines) and 2 * different > len(lines)
    )


def columns(lines: Sequence[Line], *, usual: Sequence[Gutters] = ()) -> list[list[Line]]:
    """Return the lines in reading order, one list per column of each band of the page.

    `usual` are the gutters of the book, for pages with too few lines to show theirs.
    """
    gutters = find_gutters(lines) or next((each for each in usual if _fit(each, lines)), ())
    if not gutters:
        return [_downwards(lines)] if lines else []
    parts: list[list[Line]] = []
    filling: list[list[Line]] = [[] for _ in range(len(gutters) + 1)]
    for line in sorted(lines, key=lambda line: -line.y):
        first, last = _span(line, gutters)
        part = filling[first]
        if any(filling[k] is not part for k in range(first, last + 1)) or (
            part and _span(part[-1], gutters) != (first, last)
        ):
            part = []
        if not part:
            parts.append(part)
            filling[first : last + 1] = [part] * (last + 1 - first)
        part.append(line)
    return [_downwards(part) for part in _by_band(parts, gutters)]


def _by_band(parts: Sequence[list[Line]], gutters: Gutters) -> list[list[Line]]:
    """Return parts in reading order: columns from left to right between lines across them."""
    ordered: list[list[Line]] = []
    waiting: list[tuple[int, list[Line]]] = []
    for part in parts:
        first, last = _span(part[0], gutters)
        if first == last:
            waiting.append((first, part))
            continue
        above = [(k, each) for k, each in sorted(waiting, key=lambda item: item[0]) if k <= last]
        ordered += [each for _, each in above]
        waiting = [item for item in waiting if item[0] > last]
        ordered.append(part)
    return ordered + [part for _, part in sorted(waiting, key=lambda item: item[0])]


def _span(line: Line, gutters: Gutters) -> tuple[int, int]:
    """Return the first and the last column that a line is in."""
    first = sum(gutter.right - _STEP <= line.x0 for gutter in gutters)
    last = first
    while last < len(gutters) and gutters[last].is_crossed_by(line):
        last += 1
    return first, last


def _fit(gutters: Gutters, lines: Sequence[Line]) -> bool:
    """Return whether a short page can have the gutters of others."""
    crossed = sum(gutter.is_crossed_by(line) for gutter in gutters for line in lines)
    beyond = any(line.x0 >= gutter.right - _STEP for gutter in gutters for line in lines)
    return beyond and crossed <= max(1, _MOST_CROSSINGS * len(lines))


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
