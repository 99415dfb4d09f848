"""Detects missing spaces, where a PDF moves the position instead of writing a space character."""

from __future__ import annotations

import re
import statistics
from collections.abc import Iterator
from itertools import islice
from typing import Final

from fnt_server.pipeline.extraction.glyphs import Glyphs

MIN_SPACE: Final = 0.09
"""Minimum gap between two characters that counts as a space, relative to the font size. Kerning of
punctuation stays below 0.05; French thin spaces are 0.125 or more.
"""

_PLACES = re.compile(
    r"(?<=[^\s!?;:»«(—–])(?=[!?;:»])"  # before high punctuation
    r"|(?<=«)(?=\S)"
    r"|(?<=[a-zà-ÿ])(?=[A-ZÀ-Þ])"  # `voirM. Eyssette`
)
_PLACES_WITHOUT_QUOTE = re.compile(
    r"[!?;:»A-ZÀ-Þ](?:(?<=[^\s!?;:»«(—–][!?;:»])|(?<=[a-zà-ÿ][A-ZÀ-Þ]))"
)
"""The same in a line without `«`, where `re` can skip to the next mark or capital."""
_LONG: Final = 15
_LONG_WORD = re.compile(rf"[^\W\d_]{{{_LONG},}}")
_MAY_BE_LONG = re.compile(f"[^ ]{{{_LONG}}}")
"""What a long word is part of; looking for this takes half the time."""
_BETWEEN_WORDS = re.compile(r"(?<=[^\W\d_]) (?=[^\W\d_])")
_NEIGHBORS = re.compile(r"(?<=[\w,.;:!?…»)])(?=[\w«(])")
_LOOKED_AT: Final = 3
"""Spaces in the middle of a page that show whether its words are placed one by one."""


def spaces_wanted(text: str) -> Iterator[int]:
    """Yield the indexes of characters before which a gap would be a space; only a few per line."""
    for found in (_PLACES if "«" in text else _PLACES_WITHOUT_QUOTE).finditer(text):
        if found.start():
            yield found.start()
    if _MAY_BE_LONG.search(text):
        for word in _LONG_WORD.finditer(text):
            yield from range(word.start() + 1, word.end())


def are_words_placed(text: str, glyphs: Glyphs) -> bool:
    """Return whether a page places each word by itself, without characters for the spaces.

    PDFium then takes words that are less than 0.2 apart for one.
    """
    spaces = islice(_BETWEEN_WORDS.finditer(text, len(text) // 2), _LOOKED_AT)
    first = next(spaces, None)
    return (
        first is not None
        and glyphs.is_move(first.start())
        and all(glyphs.is_move(space.start()) for space in spaces)
    )


def spaces_between_placed_words(text: str, glyphs: Glyphs, *, start: int, size: float) -> set[int]:
    """Return the indexes of characters of a line before which there is the white of a space."""
    places = [found.start() for found in _NEIGHBORS.finditer(text)]
    gaps = [glyphs.gap_before(start + place) for place in places]
    if not gaps:
        return set()
    least = max(0.0, statistics.median_low(gaps)) + MIN_SPACE * size
    return {place for place, gap in zip(places, gaps, strict=True) if gap > least}
