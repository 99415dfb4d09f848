"""Where a line may lack a space: typesetters make some by moving on, without a character."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

MIN_SPACE: Final = 0.09
"""Parts of the type size from which on white between two characters is a space. Kerning of marks
stays below a twentieth; French thin spaces are an eighth or more."""

_PLACES = re.compile(
    r"(?<=[^\s!?;:»«(—–])(?=[!?;:»])"  # before high marks
    r"|(?<=«)(?=\S)"
    r"|(?<=[a-zà-ÿ])(?=[A-ZÀ-Þ])"  # `voirM. Eyssette`
)
_LONG_WORD = re.compile(r"[^\W\d_]{15,}")


def spaces_wanted(text: str) -> Iterator[int]:
    """Yield the places of characters before which white would be a space: a few in a line."""
    for found in _PLACES.finditer(text):
        if found.start():
            yield found.start()
    for word in _LONG_WORD.finditer(text):
        yield from range(word.start() + 1, word.end())
