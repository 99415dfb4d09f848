"""Running heads, footers and page numbers, found by position and repetition."""

from __future__ import annotations

import re
import statistics
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence, Set
from dataclasses import dataclass
from itertools import pairwise
from typing import Final, Literal

from msgspec.structs import replace

from fnt_server.pipeline.layout.footnotes import is_note
from fnt_server.pipeline.layout.geometry import Line, Page, usual_leading
from fnt_server.pipeline.layout.lines_above_text import (
    LARGER,
    ROWS,
    SAME_ROW,
    without_lines_above_text,
)
from fnt_server.pipeline.layout.numerals import parse_numeral
from fnt_server.pipeline.layout.text_flow import TextFlow

Edge = Literal["top", "bottom"]

_MOST_WORDS: Final = 14
_APART: Final = 1.35
"""Gap, in lines, above which a row is set apart from the text."""

_NUMERAL = re.compile(r"\d+|\b[ivxlcdm]+\b")
_SHEET = re.compile(r"\d{1,3}[.*]{0,2}")
_NUMBER_AT_END = re.compile(r"^\W*(\d{1,4})\b|\b(\d{1,4})\W*$")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Row:
    """The outermost lines at one edge of a page; no two are the same."""

    page: int
    edge: Edge
    depth: float
    """Distance from that edge of the page."""
    text: str
    size: float
    gap: float
    """Distance to the next row inward."""
    inside: str
    """A line from the middle of the page, because copies of one page prove nothing."""
    lines: tuple[Line, ...]


def drop_running_heads(pages: Sequence[Page], *, size: float) -> list[Page]:
    """Return the pages without running heads around the text of body size `size`."""
    leading = max(1.25 * size, usual_leading(pages, size=size))
    flow = TextFlow.of(pages, size=size, leading=leading)
    pages = without_lines_above_text(pages, flow, size=size, leading=leading)
    outer = list(map(_outer_rows, pages))
    for _ in range(ROWS):
        rows = [row for of_page in outer for row in of_page]
        found = _removed_lines(rows, page_count=len(pages), size=size, leading=leading)
        found = _without_labels(found, rows, pages, leading=leading)
        unwanted = _without_headings(found, flow, size=size, leading=leading)
        if not unwanted:
            break
        shorter = [_without(page, unwanted.get(page.number, ())) for page in pages]
        outer = [
            of_page if after is before else _outer_rows(after)
            for before, after, of_page in zip(pages, shorter, outer, strict=True)
        ]
        pages = shorter
    return list(pages)


def _without_labels(
    found: dict[int, list[_Row]], rows: Sequence[_Row], pages: Sequence[Page], *, leading: float
) -> dict[int, list[_Row]]:
    """Return the found rows without text: lines more often inside pages, as speakers' names.

    A last line that begins small, close below another, goes on with a sentence.
    """
    at_edge = Counter(row.text for row in rows)
    all_over = Counter(line.text for page in pages for line in page.lines if line.text in at_edge)
    return {
        page: [
            row
            for row in rows
            if all_over[row.text] <= 2 * at_edge[row.text] and not _ends_text(row, leading)
        ]
        for page, rows in found.items()
    }


def _ends_text(row: _Row, leading: float) -> bool:
    words = len(row.text.split())
    return (
        row.edge == "bottom" and row.gap < _APART * leading and words > 2 and row.text[0].islower()
    )


def _without_headings(
    found: dict[int, list[_Row]], flow: TextFlow, *, size: float, leading: float
) -> dict[int, list[_Row]]:
    """Return the found rows without headings: a running head is also above text that goes on."""
    tops = [row for rows in found.values() for row in rows if row.edge == "top"]
    certain = [row for row in tops if row.page not in flow.opening]
    patterns = {_pattern(row.text) for row in certain}
    usual_gap = statistics.median(row.gap for row in certain) if certain else 0.0
    usual_size = statistics.median(row.size for row in certain) if certain else 0.0
    few = len(certain) < max(1, 0.1 * len(tops))

    def is_heading(row: _Row) -> bool:
        if row.edge == "bottom" or row.page not in flow.opening:
            return False
        if few:
            return any(map(str.isalpha, row.text)) and row.size > 0.8 * size
        alike = abs(row.size - usual_size) < 0.04 * usual_size
        return not alike or not (
            _pattern(row.text) in patterns or abs(row.gap - usual_gap) < 0.35 * leading
        )

    kept = {page: [row for row in rows if not is_heading(row)] for page, rows in found.items()}
    return {page: rows for page, rows in kept.items() if rows}


def _without(page: Page, rows: Sequence[_Row]) -> Page:
    gone = {id(line) for row in rows for line in row.lines}
    if not gone:
        return page
    return replace(page, lines=tuple(line for line in page.lines if id(line) not in gone))


def _outer_rows(page: Page) -> list[_Row]:
    if not page.lines:
        return []
    heights = [line.y for line in page.lines]
    edges: list[tuple[Edge, float]] = [("top", max(heights)), ("bottom", min(heights))]
    return [_row(page, edge, y) for edge, y in edges]


def _row(page: Page, edge: Edge, y: float) -> _Row:
    distances = [abs(line.y - y) for line in page.lines]
    lines = [
        line for line, distance in zip(page.lines, distances, strict=True) if distance <= SAME_ROW
    ]
    lines.sort(key=lambda line: line.x0)
    rest = [distance for distance in distances if distance > SAME_ROW]
    return _Row(
        page=page.number,
        edge=edge,
        depth=page.height - y if edge == "top" else y,
        text=" ".join(line.text for line in lines),
        size=max(line.size for line in lines),
        gap=min(rest, default=0.0),
        inside=page.lines[len(page.lines) // 2].text,
        lines=tuple(lines),
    )


def _removed_lines(
    rows: Sequence[_Row], *, page_count: int, size: float, leading: float
) -> dict[int, list[_Row]]:
    """Return the rows to drop, by page."""
    by_depth: dict[tuple[Edge, int], list[_Row]] = defaultdict(list)
    for row in rows:
        by_depth[row.edge, round(row.depth)].append(row)
    repeated = _repeated(rows, size=size)
    shallowest = _shallowest(rows, leading=leading)
    found: dict[int, list[_Row]] = defaultdict(list)
    for (edge, depth), band in by_depth.items():
        if depth > shallowest[edge]:
            continue
        near = [row for step in (-1, 0, 1) for row in by_depth.get((edge, depth + step), ())]
        familiar = {row for row in near if (row.edge, _pattern(row.text)) in repeated}
        fits = _fitting(near, familiar, page_count=page_count, size=size, leading=leading)
        for row in band:
            if fits(row) or (row in familiar and row.gap > _APART * leading):
                found[row.page].append(row)
    numbered = _numbered(rows, shallowest, leading=leading)
    for row in [*numbered, *_printers_marks(rows, leading=leading)]:
        if row not in found[row.page]:
            found[row.page].append(row)
    return {page: unwanted for page, unwanted in found.items() if unwanted}


def _fitting(
    near: Sequence[_Row], familiar: Set[_Row], *, page_count: int, size: float, leading: float
) -> Callable[[_Row], bool]:
    """Return a test for running heads at one height: rows that repeat or are always set apart."""
    apart = [row for row in near if row.gap > _APART * leading and row.size < LARGER * size]
    always_apart = len(near) >= max(4, 0.4 * page_count) and len(apart) > 0.8 * len(near)
    several = len({row.inside for row in near}) >= 3
    if not several or not (always_apart or len(familiar) > 0.5 * len(near)):
        return lambda _row: False
    usual_size = statistics.median(row.size for row in near)
    usual_gap = statistics.median(row.gap for row in familiar or near)
    return lambda row: (
        row.size < 1.15 * usual_size
        and not _is_note(row, size=size)
        and (
            row in familiar
            or row.gap > _APART * leading
            or abs(row.gap - usual_gap) < 0.1 * leading
        )
    )


def _is_note(row: _Row, *, size: float) -> bool:
    """Return whether the row is a one-line note, which may be below the text of many pages."""
    return row.edge == "bottom" and is_note(row.lines[0], size=size)


def _shallowest(rows: Sequence[_Row], *, leading: float) -> dict[Edge, float]:
    """Return how deep running heads can be: chapter titles are lower than the top of most pages.

    On scans, whose pages shift, the limit is lower by that shift.
    """
    depths: dict[Edge, list[float]] = {"top": [], "bottom": []}
    for row in rows:
        depths[row.edge].append(row.depth)
    return {edge: _deepest(found, leading) for edge, found in depths.items() if found}


def _deepest(depths: Sequence[float], leading: float) -> float:
    middle = statistics.median(depths)
    usual_shift = statistics.median(abs(depth - middle) for depth in depths)
    return middle + max(3.0, min(3 * usual_shift, 1.5 * leading))


def _repeated(rows: Sequence[_Row], *, size: float) -> frozenset[tuple[Edge, str]]:
    """Return the texts that occur three times or more at one height."""
    places: dict[tuple[Edge, str, int], set[str]] = defaultdict(set)
    families: dict[tuple[Edge, str], list[_Row]] = defaultdict(list)
    for row in rows:
        if len(row.text.split()) <= _MOST_WORDS and not _is_note(row, size=size):
            pattern = _pattern(row.text)
            places[row.edge, pattern, round(row.depth / 3)].add(row.inside)
            families[row.edge, pattern].append(row)
    several = {(edge, text) for (edge, text, _), pages in places.items() if len(pages) >= 3}
    return frozenset(found for found in several if "#" not in found[1] or _runs_on(families[found]))


def _runs_on(rows: Sequence[_Row]) -> bool:
    """Return whether numbers repeat or count with the pages; chapter numbers do not."""
    runs = 0
    for before, row in pairwise(rows):
        pages = row.page - before.page
        same = pages <= 2 and row.text == before.text
        runs += same or any(
            now - then == pages
            for then, now in zip(_numbers(before.text), _numbers(row.text), strict=False)
        )
    return runs > 0.3 * (len(rows) - 1)


def _numbers(text: str) -> list[int]:
    return [parse_numeral(found) or 0 for found in _NUMERAL.findall(text.casefold())]


def _pattern(text: str) -> str:
    """Return the text with every number replaced by `#`."""
    return _NUMERAL.sub("#", text.casefold())


def _printers_marks(rows: Sequence[_Row], *, leading: float) -> list[_Row]:
    """Return the rows below the text of all pages that are only a number: they count sheets."""
    feet = sorted(
        row.depth
        for row in rows
        if row.edge == "bottom" and sum(map(str.isalpha, row.text)) > len(row.text) / 2
    )
    if not feet:
        return []
    foot = feet[int(0.05 * len(feet))]
    return [
        row
        for row in rows
        if row.edge == "bottom" and _SHEET.fullmatch(row.text) and row.depth < foot - 0.5 * leading
    ]


def _numbered(rows: Sequence[_Row], shallowest: dict[Edge, float], *, leading: float) -> list[_Row]:
    """Return the rows that begin or end with their page number."""
    distances: Counter[tuple[Edge, int]] = Counter()
    numbers: list[tuple[_Row, set[int]]] = []
    for row in rows:
        if len(row.text.split()) > _MOST_WORDS:
            continue
        ends = {int(a or b) for a, b in _NUMBER_AT_END.findall(row.text)}
        numbers.append((row, ends))
        distances.update((row.edge, number - row.page) for number in ends)
    trusted = {place for place, count in distances.items() if count >= max(2, 0.1 * len(rows) / 2)}
    found = [row for row, ends in numbers if any((row.edge, n - row.page) in trusted for n in ends)]
    heights = Counter((row.edge, round(row.depth / 3)) for row in found)
    return [
        row
        for row in found
        if heights[row.edge, round(row.depth / 3)] > 1 or row.depth < shallowest[row.edge] + leading
    ]
