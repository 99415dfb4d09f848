"""Lines and pages, and a book's usual values."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import Final

import msgspec
from msgspec.structs import replace

HYPHEN: Final = "\x02"
"""Represents a hyphen at the end of a line, however the file encodes it."""

SOFT_HYPHEN: Final = "\xad"
"""Before HYPHEN: only the line end made it, as far as the file says."""

_SMALLEST: Final = 0.1
"""Points; what sizes are rounded to."""

_SIZES: Final = 6
"""Number of type sizes that nearly all of a printed book uses."""


class Line(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One printed line, in points, y upwards."""

    text: str
    x0: float
    x1: float
    y: float
    """Of the baseline."""
    size: float
    calls: tuple[str, ...] = ()
    """Note calls that were removed from it."""


class Page(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """The lines of a page in the order of the file."""

    number: int
    """From 1."""
    height: float
    lines: tuple[Line, ...]
    unmapped: int = 0
    """Characters left out because their font does not say which they are."""
    is_picture: bool = False
    """It shows a picture and has no text."""
    has_hidden_layers: bool = False
    """Layers that are switched off were left out."""


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
