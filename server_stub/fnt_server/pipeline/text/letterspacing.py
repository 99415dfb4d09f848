"""Letter-spaced headings: `C H A P I T R E  I`."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

_LETTERSPACED = re.compile(r"(?:[^\W_]\s?[’']?\s){5,}[^\W_]\.?")
_NAME = re.compile(
    r"(chapitre|livre|partie|tome|acte|lettre|chant)([ivxlc]+|\d+|premier|premi[èe]re|second)\.?$",
    re.IGNORECASE,
)
_MOST_CHARS: Final = 80
_LONGEST_WORD: Final = 20
_ONE_LETTER: Final = frozenset("aày")


def without_letterspacing(text: str, words: Mapping[str, int]) -> str:
    """Return `C H A P I T R E I` as `CHAPITRE I`; `words` are those of the book."""
    if len(text) > _MOST_CHARS or not _LETTERSPACED.fullmatch(text):
        return text
    joined = re.sub(r"\s", "", text)
    named = _NAME.match(joined)
    return f"{named[1]} {named[2]}" if named else _parted(joined, words)


def _parted(joined: str, words: Mapping[str, int]) -> str:
    """Return the letters as the fewest words of the book, or as one word if they are none."""
    small = joined.lower()
    fewest: list[tuple[str, ...] | None] = [()]
    for end in range(1, len(small) + 1):
        found = (
            (*before, joined[begin:end])
            for begin in range(max(0, end - _LONGEST_WORD), end)
            if (before := fewest[begin]) is not None and _is_word(small[begin:end], words)
        )
        fewest.append(min(found, key=len, default=None))
    return " ".join(fewest[-1] or (joined,)).replace("’ ", "’").replace("' ", "'")


def _is_word(text: str, words: Mapping[str, int]) -> bool:
    """Return whether it is a word; an elided one has its apostrophe."""
    if len(text) == 1:
        return text in _ONE_LETTER
    bare = text[:-1] if text[-1] in "’'." else text
    return words.get(bare, 0) > 0
