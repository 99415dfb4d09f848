"""Where the text of each page begins, and whether it continues from the previous page."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from fnt_server.pipeline.layout.geometry import Line, Page

_FINAL: Final = tuple('.!?…:;»”")')
_STEADY: Final = 0.6
_FEWEST: Final = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class TextFlow:
    """How text runs over the pages of a book."""

    opening: frozenset[int]
    """Pages on which a paragraph may begin, since a sentence ended on the page before."""
    top: float | None
    """Distance from the top of the page to the first line of text, if nearly always the same."""

    @classmethod
    def of(cls, pages: Sequence[Page], *, size: float, leading: float) -> TextFlow:
        """Derive it from the lines of body size."""
        opening: set[int] = set()
        tops: dict[str, float] = {}
        last: Line | None = None
        for page in pages:
            lines = [line for line in page.lines if _is_text(line, size)]
            if not lines:
                last = None
                continue
            first = _first(lines, leading)
            if last is None or _may_begin(last, first):
                opening.add(page.number)
            else:
                tops[first.text] = page.height - first.y
            last = min(lines, key=lambda line: line.y)
        return cls(opening=frozenset(opening), top=_steady(list(tops.values())))


def _is_text(line: Line, size: float) -> bool:
    return 0.97 < line.size / size < 1.03 and any(map(str.islower, line.text))


def _first(lines: Sequence[Line], leading: float) -> Line:
    """Return the highest line with another close below it: a title has space below."""
    lines = sorted(lines, key=lambda line: -line.y)
    close = (above for above, line in pairwise(lines) if above.y - line.y < 1.2 * leading)
    return next(close, lines[0])


def _may_begin(last: Line, first: Line) -> bool:
    """Return whether a paragraph may begin at the first line: no sentence goes on."""
    return last.text.endswith(_FINAL) and not first.text[0].islower()


def _steady(tops: Sequence[float]) -> float | None:
    if len(tops) < _FEWEST:
        return None
    middle = statistics.median(tops)
    near = sum(abs(top - middle) <= 2 for top in tops)
    return middle if near > _STEADY * len(tops) else None
