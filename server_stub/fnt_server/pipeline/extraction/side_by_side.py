"""Parts lines of columns that a file draws row by row, so that PDFium takes them for one line."""

from __future__ import annotations

import re
import statistics
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

from fnt_server.pipeline.extraction.glyphs import Glyphs

Span = tuple[int, int, str]
"""Where a line begins and ends in the text of the page, and the hyphen after it."""

_LOOKED_AT: Final = 2
"""Lines that show whether a page may have wide gaps."""
_FEWEST: Final = 6
_MOST_ROWS: Final = 500
_MOST_GAPS: Final = 30
"""Of a row that are looked at."""
_MOST_STARTS: Final = 12
_WIDE: Final = 1.0
"""Of a gutter, in type sizes."""
_NARROW: Final = 0.5
"""Of a gap in a single row, which may be full."""
_LEAST_WIDTH: Final = 8.0
"""Of a column, in type sizes: numbers and names are narrower."""
_SHARE: Final = 0.6
"""Of the rows that reach over a gutter, those that have a gap there."""
_SPACES = re.compile(r"(?<=\S)\s+(?=\S)")


class _Gap(NamedTuple):
    left: float
    right: float
    end: int
    """Where the text before it ends, and that after it begins."""
    start: int


class _Row(NamedTuple):
    span: Span
    left: float
    right: float
    size: float
    gaps: list[_Gap]


def without_rows(text: str, spans: Sequence[Span], glyphs: Glyphs) -> list[Span]:
    """Return the lines of a page, those of columns beside each other parted at the gutters."""
    shown = [span for span in spans if text[span[0] : span[1]].strip()]
    if not _FEWEST <= len(shown) <= _MOST_ROWS:
        return list(spans)
    step = max(1, len(shown) // _LOOKED_AT)
    if not any(_may_have_gap(text, span, glyphs) for span in shown[step // 2 :: step]):
        return list(spans)
    rows = [_row(text, span, glyphs) for span in shown]
    cuts: dict[Span, list[_Gap]] = {}
    for gutter in _gutters(rows):
        for row in rows:
            cuts.setdefault(row.span, []).extend(_over(row, gutter))
    return [part for span in spans for part in _parts(span, sorted(cuts.get(span, ())))]


def _may_have_gap(text: str, span: Span, glyphs: Glyphs) -> bool:
    """Return whether there is a wide gap in the middle of a line."""
    start, end, _ = span
    margin = (end - start) // 5
    wide = _WIDE * glyphs.place((start + end) // 2)[2]
    return any(
        glyphs.gap_between(space.start() - 1, space.end()) > wide
        for space in _SPACES.finditer(text, start + margin, end - margin)
    )


def _row(text: str, span: Span, glyphs: Glyphs) -> _Row:
    start, end, _ = span
    while text[start].isspace():
        start += 1
    while text[end - 1].isspace():
        end -= 1
    left, _, size, angle = glyphs.place(start)
    gaps: list[_Gap] = []
    if not angle:
        for space in _SPACES.finditer(text, start, end):
            gap = _Gap(
                glyphs.right_edge(space.start() - 1, 0.0),
                glyphs.place(space.end())[0],
                space.start(),
                space.end(),
            )
            if gap.right - gap.left > _NARROW * size and len(gaps) < _MOST_GAPS:
                gaps.append(gap)
    return _Row(span, left, glyphs.right_edge(end - 1, angle), size, gaps)


def _gutters(rows: Sequence[_Row]) -> list[float]:
    """Return the places where most rows have a gap, with text on both sides."""
    starts = Counter(round(gap.right) for row in rows for gap in row.gaps)
    found: list[float] = []
    for start, _ in starts.most_common(_MOST_STARTS):
        place = start - 1.0
        if not any(_shares_gap(rows, place, other) for other in found) and _is_gutter(rows, place):
            found.append(place)
    return found


def _over(row: _Row, place: float) -> list[_Gap]:
    return [gap for gap in row.gaps if gap.left < place < gap.right]


def _shares_gap(rows: Sequence[_Row], place: float, other: float) -> bool:
    return any(_over(row, place) and _over(row, place) == _over(row, other) for row in rows)


def _is_gutter(rows: Sequence[_Row], place: float) -> bool:
    reaching = [row for row in rows if row.left < place < row.right]
    parted = [(row, gap) for row in reaching for gap in _over(row, place)]
    if len(parted) < max(_FEWEST, _SHARE * len(reaching)):
        return False
    white = statistics.median((gap.right - gap.left) / row.size for row, gap in parted)
    before = statistics.median((gap.left - row.left) / row.size for row, gap in parted)
    after = statistics.median((row.right - gap.right) / row.size for row, gap in parted)
    starts = [gap.right for _, gap in parted]
    middle = statistics.median(starts)
    flush = sum(
        abs(start - middle) < 0.3 * row.size for start, (row, _) in zip(starts, parted, strict=True)
    )
    wide = white > _WIDE and min(before, after) > _LEAST_WIDTH
    return wide and 2 * flush > len(parted)


def _parts(span: Span, cuts: Sequence[_Gap]) -> Iterator[Span]:
    start, end, hyphen = span
    for cut in cuts:
        yield start, cut.end, ""
        start = cut.start
    yield start, end, hyphen
