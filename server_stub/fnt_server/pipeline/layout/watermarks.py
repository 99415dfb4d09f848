"""Watermarks, line numbers, specks and text drawn twice."""

from __future__ import annotations

import re
from collections import Counter, defaultdict, deque
from collections.abc import Container, Iterable, Sequence
from typing import Final

from msgspec.structs import replace

from fnt_server.pipeline.layout.geometry import Line, Page, usual_leading
from fnt_server.pipeline.layout.text_flow import TextFlow

_FEWEST_PAGES: Final = 4
_FEWEST_NUMBERS: Final = 5
_MOST_ALIKE: Final = 100
"""Lines of the same text that one is compared with: shadows are drawn soon after."""
_DIGITS = re.compile(r"\d+")
_NUMBER = re.compile(r"\d{1,4}")

Place = tuple[str, int, int]


def drop_watermarks(pages: Sequence[Page], *, size: float) -> list[Page]:
    """Return the pages without text in one place on many pages and text drawn twice."""
    places: Counter[Place] = Counter()
    for page in pages:
        top = max((line.y for line in page.lines), default=0.0)  # a heading, or else dropped before
        places.update({_place(line) for line in page.lines if line.y < top})
    fewest = max(_FEWEST_PAGES, len(pages) / 3)
    stamped = {place for place, count in places.items() if count >= fewest}
    if stamped and _are_copies(pages, stamped):
        stamped = set()
    if stamped:
        stamped = _on_all_kinds_of_pages(stamped, pages, size=size)
        stamped -= _in_line_with_text(stamped, pages, size=size)
    beside = _margin_numbers(pages) | _specks(pages, size)
    return [_without(page, stamped, beside) for page in pages]


def _on_all_kinds_of_pages(
    stamped: set[Place], pages: Sequence[Page], *, size: float
) -> set[Place]:
    """Return the places without those only where a text begins, as `Mon cher père,` in letters."""
    leading = max(1.25 * size, usual_leading(pages, size=size))
    opening = TextFlow.of(pages, size=size, leading=leading).opening
    going_on = [page for page in pages if page.number not in opening]
    if len(going_on) < _FEWEST_PAGES:
        return stamped
    places = Counter(place for page in going_on for place in {_place(line) for line in page.lines})
    return {place for place in stamped if places[place] >= len(going_on) / 3}


def _in_line_with_text(stamped: set[Place], pages: Sequence[Page], *, size: float) -> set[Place]:
    """Return the places that are lines of text like those around them, such as a refrain's."""
    leading = usual_leading(pages, size=size)
    found: Counter[Place] = Counter()
    fitting: Counter[Place] = Counter()
    for page in pages:
        lines = sorted(page.lines, key=lambda line: -line.y)
        for above, line, below in zip([None, *lines], lines, [*lines[1:], None], strict=False):
            place = _place(line)
            if place in stamped:
                near = [other for other in (above, below) if other]
                found[place] += 1
                fitting[place] += any(_are_even(line, other, leading, size) for other in near)
    return {place for place, count in found.items() if 2 * fitting[place] > count}


def _are_even(line: Line, other: Line, leading: float, size: float) -> bool:
    """Return whether both are of the text's size, and one of its lines apart."""
    same = all(0.97 < one.size / size < 1.03 for one in (line, other))
    return same and abs(abs(line.y - other.y) - leading) < 0.05 * leading


def _place(line: Line) -> Place:
    text = line.text
    if _DIGITS.search(text):
        text = _DIGITS.sub("#", text)
    return text, int(line.x0), int(line.y)


def _are_copies(pages: Sequence[Page], stamped: Container[Place]) -> bool:
    """Return whether all pages are alike: then nothing distinguishes the text."""
    total = sum(len(page.lines) for page in pages)
    return sum(_place(line) in stamped for page in pages for line in page.lines) > 0.5 * total


def _without(page: Page, stamped: set[Place], beside: set[int]) -> Page:
    texts = [line.text for line in page.lines]
    shadows = len(set(texts)) < len(texts)
    if not (shadows or stamped or beside):
        return page
    gone = _shadows(page.lines) if shadows else set()
    kept = tuple(
        line
        for line in page.lines
        if id(line) not in gone
        and id(line) not in beside
        and not (stamped and _place(line) in stamped)
    )
    return replace(page, lines=kept) if len(kept) < len(page.lines) else page


def _shadows(lines: Iterable[Line]) -> set[int]:
    """Return the lines that are drawn again in nearly the same place to look bold."""
    seen: dict[str, deque[Line]] = defaultdict(lambda: deque(maxlen=_MOST_ALIKE))
    gone = set()
    for line in lines:
        nearby = 0.3 * line.size
        if any(
            abs(line.x0 - other.x0) < nearby and abs(line.y - other.y) < nearby
            for other in seen[line.text]
        ):
            gone.add(id(line))
        seen[line.text].append(line)
    return gone


def _margin_numbers(pages: Iterable[Page]) -> set[int]:
    """Return the numbers next to lines and outside all other text of their page."""
    found = [line for page in pages for line in _beside_text(page.lines)]
    return {id(line) for line in found} if len(found) >= _FEWEST_NUMBERS else set()


def _beside_text(lines: Sequence[Line]) -> list[Line]:
    numbers = [line for line in lines if line.text.isdecimal() and _NUMBER.fullmatch(line.text)]
    if not numbers:
        return []
    left, right = _extent(lines)
    heights = {int(line.y) + step for line in lines if _is_text(line) for step in (-1, 0, 1)}
    return [
        line for line in numbers if (line.x1 <= left or line.x0 >= right) and int(line.y) in heights
    ]


def _specks(pages: Iterable[Page], size: float) -> set[int]:
    """Return the signs that OCR read from specks: tiny, or outside all text of a page."""
    found = set()
    for page in pages:
        signs = [line for line in page.lines if len(line.text) <= 2 and not line.text.isalnum()]
        if signs:
            left, right = _extent(page.lines)
            found |= {
                id(line)
                for line in signs
                if line.size < 0.7 * size or line.x1 <= left or line.x0 >= right
                if not any(map(str.isalnum, line.text))
            }
    return found


def _extent(lines: Iterable[Line]) -> tuple[float, float]:
    """Return the left and right edge of the text of a page."""
    text = [line for line in lines if _is_text(line)]
    left = min((line.x0 for line in text), default=0.0)
    return left, max((line.x1 for line in text), default=left)


def _is_text(line: Line) -> bool:
    return any(map(str.isalpha, line.text))
