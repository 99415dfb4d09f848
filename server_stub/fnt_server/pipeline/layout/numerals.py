"""Arabic and Roman numerals."""

from __future__ import annotations

import re
from itertools import pairwise
from typing import Final

_ROMAN: Final = re.compile(r"(?=.)m{0,3}(?:cm|cd|d?c{0,4})(?:xc|xl|l?x{0,4})(?:ix|iv|v?i{0,4})")
_VALUES: Final = {"i": 1, "v": 5, "x": 10, "l": 50, "c": 100, "d": 500, "m": 1000}


def parse_numeral(text: str) -> int | None:
    """Return the value of an Arabic or Roman numeral, None if it is neither."""
    if text.isdecimal():
        return int(text)
    small = text.lower()
    if not _ROMAN.fullmatch(small):
        return None
    values = [*(_VALUES[letter] for letter in small), 0]
    return sum(-here if here < after else here for here, after in pairwise(values))
