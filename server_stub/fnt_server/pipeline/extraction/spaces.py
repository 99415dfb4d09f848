"""Detects missing spaces, where a PDF moves the position instead of writing a space character."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

MIN_SPACE: Final = 0.09
"""Minimum gap between two characters that counts as a space, relative to the font size. Kerning of
punctuation stays below 0.05; French thin spaces are 0.125 or more.
"""

_PLACES = re.compile(
    r"(?<=[^\s!?;:»«(—–])(?=[!?;:»])"  # before high punctuation
    r"|(?<=«)(?=\S)"
    r"|(?<=[a-zà-ÿ])(?=[A-ZÀ-Þ])"  # `voirM. Eyssette`
)
_LONG_WORD = re.compile(r"[^\W\d_]{15,}")


def spaces_wanted(text: str) -> Iterator[int]:
    """Yield the indexes of characters before which a gap would be a space; only a few per line."""
    for found in _PLACES.finditer(text):
        if found.start():
            yield found.start()
    for word in _LONG_WORD.finditer(text):
        yield from range(word.start() + 1, word.end())
