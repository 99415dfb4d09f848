"""Running heads, feet and page numbers: found by place and repetition over the whole book."""

from __future__ import annotations

import re
import statistics
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final, Literal

from fnt_server.pipeline.layout import Line, Page

Edge = Literal["top", "bottom"]

ROWS: Final = 3
"""How many rows of furniture a page may have at an edge."""
_SAME_ROW: Final = 2.5
_MOST_WORDS: Final = 14

_DIGITS = re.compile(r"\d+")
_ROMAN = re.compile(r"\b[ivxlcdm]+\b")
_NUMBER_AT_END = re.compile(r"^\W*(\d{1,4})\b|\b(\d{1,4})\W*$")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Row:
    """The outermost lines at one edge of a page."""

    page: int
    edge: Edge
    depth: float
    """Distance from that edge of the page."""
    text: str
    size: float
    gap: float
    """To the next row inwards."""
    inside: str
    """A line from the middle of the page: copies of one page prove nothing."""
    lines: tuple[Line, ...]


def drop_furniture(pages: Sequence[Page], *, size: float) -> list[Page]:
    """Return the pages without what is repeated around the text of body size `size`."""
    for _ in range(ROWS):
        rows = [row for page in pages for row in _outer_rows(page)]
        unwanted = _furniture(rows, page_count=len(pages), size=size)
        if not unwanted:
            break
        pages = [_without(page, unwanted.get(page.number, ())) for page in pages]
    return list(pages)


def _without(page: Page, rows: Sequence[_Row]) -> Page:
    gone = {id(line) for row in rows for line in row.lines}
    kept = tuple(line for line in page.lines if id(line) not in gone) if gone else page.lines
    return replace(page, lines=kept)


def _outer_rows(page: Page) -> list[_Row]:
    if not page.lines:
        return []
    heights = [line.y for line in page.lines]
    edges: list[tuple[Edge, float]] = [("top", max(heights)), ("bottom", min(heights))]
    return [_row(page, edge, y) for edge, y in edges]


def _row(page: Page, edge: Edge, y: float) -> _Row:
    lines = [line for line in page.lines if abs(line.y - y) <= _SAME_ROW]
    lines.sort(key=lambda line: line.x0)
    rest = [abs(line.y - y) for line in page.lines if abs(line.y - y) > _SAME_ROW]
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


def _furniture(rows: Sequence[_Row], *, page_count: int, size: float) -> dict[int, list[_Row]]:
    """Return the rows to drop by page."""
    by_depth: dict[tuple[Edge, int], list[_Row]] = defaultdict(list)
    for row in rows:
        by_depth[row.edge, round(row.depth)].append(row)
    repeated = _repeated(rows)
    shallowest = _shallowest(rows)
    found: dict[int, list[_Row]] = defaultdict(list)
    for (edge, depth), band in by_depth.items():
        if depth > shallowest[edge]:
            continue
        near = [row for step in (-1, 0, 1) for row in by_depth.get((edge, depth + step), ())]
        is_furniture = _is_furniture(near, repeated=repeated, page_count=page_count, size=size)
        usual_size = statistics.median(row.size for row in near)
        for row in band:
            if is_furniture and row.size < 1.15 * usual_size:
                found[row.page].append(row)
    for row in _numbered(rows):
        if row not in found[row.page]:
            found[row.page].append(row)
    return {page: unwanted for page, unwanted in found.items() if unwanted}


def _shallowest(rows: Sequence[_Row]) -> dict[Edge, float]:
    """Return how deep furniture can be: titles of chapters stand lower than most pages begin."""
    depths: dict[Edge, list[float]] = {"top": [], "bottom": []}
    for row in rows:
        depths[row.edge].append(row.depth)
    return {edge: statistics.median(found) + 3 for edge, found in depths.items() if found}


def _is_furniture(
    band: Sequence[_Row], *, repeated: frozenset[tuple[Edge, str]], page_count: int, size: float
) -> bool:
    """Tell whether the rows at one height are mostly repeated, or always stand apart."""
    if len({row.inside for row in band}) < 3:
        return False
    familiar = sum((row.edge, _pattern(row.text)) in repeated for row in band)
    if familiar > 0.5 * len(band):
        return True
    apart = sum(row.gap > 1.7 * size and row.size < 1.08 * size for row in band)
    return len(band) >= max(4, 0.4 * page_count) and apart > 0.8 * len(band)


def _repeated(rows: Sequence[_Row]) -> frozenset[tuple[Edge, str]]:
    """Return the texts that stand three times or more at one height."""
    places: dict[tuple[Edge, str, int], set[str]] = defaultdict(set)
    for row in rows:
        if len(row.text.split()) <= _MOST_WORDS:
            places[row.edge, _pattern(row.text), round(row.depth / 3)].add(row.inside)
    return frozenset((edge, text) for (edge, text, _), pages in places.items() if len(pages) >= 3)


def _pattern(text: str) -> str:
    """Return the text with every number made the same."""
    return _ROMAN.sub("#", _DIGITS.sub("#", text.casefold()))


def _numbered(rows: Sequence[_Row]) -> list[_Row]:
    """Return the rows that begin or end with the number of their page."""
    distances: Counter[tuple[Edge, int]] = Counter()
    numbers: list[tuple[_Row, set[int]]] = []
    for row in rows:
        if len(row.text.split()) > _MOST_WORDS:
            continue
        ends = {int(a or b) for a, b in _NUMBER_AT_END.findall(row.text)}
        numbers.append((row, ends))
        distances.update((row.edge, number - row.page) for number in ends)
    trusted = {place for place, count in distances.items() if count >= max(2, 0.1 * len(rows) / 2)}
    return [row for row, ends in numbers if any((row.edge, n - row.page) in trusted for n in ends)]
