"""Facing languages: two columns that each continue in the same column of the next page."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from typing import Final

from fnt_server.pipeline.layout.columns import Gutters
from fnt_server.pipeline.layout.geometry import Line

_WORD = re.compile(r"[^\W\d_]++")
_FEWEST_WORDS: Final = 100
_COMMON: Final = 20
_MOST_SHARED: Final = 8
"""Of the most common words of two languages; those of two halves of a book are nearly the same."""


def sides_of(columns: Sequence[Sequence[Line]], *, usual: Sequence[Gutters]) -> list[int]:
    """Return 1 for the columns to the right that are in a language of their own, else 0."""
    if not usual or len(usual[0]) != 1:
        return [0] * len(columns)
    [gutter] = usual[0]
    middle = (gutter.left + gutter.right) / 2
    sides = [int(all(line.x0 > middle for line in column)) for column in columns]
    words: tuple[Counter[str], Counter[str]] = (Counter(), Counter())
    for side, column in zip(sides, columns, strict=True):
        for line in column:
            words[side].update(_WORD.findall(line.text.casefold()))
    common = [{word for word, _ in each.most_common(_COMMON)} for each in words]
    enough = min(each.total() for each in words) >= _FEWEST_WORDS
    return sides if enough and len(common[0] & common[1]) <= _MOST_SHARED else [0] * len(columns)
