"""Small capitals: capitals of a smaller size, which stand for small letters."""

from __future__ import annotations

import re
from itertools import islice
from typing import Final

from fnt_server.pipeline.extraction.glyphs import Glyphs

_SECOND = re.compile(r"(?<=[^\W\d_])[A-ZÀ-Þ][^\W_]*+")
"""The second letter of a word, or of a part of one, and what follows."""
_LOOKED_AT: Final = 8
"""Words of a line that show whether it has small capitals."""
_NUMERAL = re.compile(r"(?<![^\W_])(?=[IVX]{2})X{0,3}(?:IX|IV|V?I{0,3})(?![A-ZÀ-Þ])")
"""A Roman numeral, also before `e`: small capitals stand for capitals there, as in `XIXᵉ`."""
_SMALL: Final = 0.9


def lower_small_capitals(letters: list[str], text: str, glyphs: Glyphs, *, start: int) -> float:
    """Lower the small capitals of a line; return the size of its capitals, 0 if it has none."""
    first = next(place for place, letter in enumerate(text) if letter.isalpha())
    seconds = (found.start() for found in islice(_SECOND.finditer(text), _LOOKED_AT))
    shown = [glyphs.size(start + place) for place in (first, *seconds)]
    if min(shown) >= _SMALL * max(shown):
        return 0.0
    all_sizes = [glyphs.size(start + place) for place in range(len(text))]
    largest = max(size for size, letter in zip(all_sizes, text, strict=True) if letter.isalpha())
    numerals = {at for found in _NUMERAL.finditer(text) for at in range(*found.span())}
    for place, letter in enumerate(text):
        if place in numerals:
            continue
        if letters[place][-1:] == letter and all_sizes[place] < _SMALL * largest:
            letters[place] = letters[place].lower()
    return largest
