"""Validates the answers of a language model."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from fnt.wire.words import count_words

MIN_KEPT_SHARE: Final = 0.6
"""Minimum share of the source's content words that are kept, compared by stem."""
MAX_NEW_SHARE: Final = 0.4
"""Maximum share of the answer's content words that are not in the source."""
MAX_GROWTH: Final = 3
"""How many times longer than the source an answer may be, counted in characters."""
GROWTH_CHARS: Final = 100
"""So much more is allowed for a short source."""
STEM_CHARS: Final = 5
"""Initial letters by which forms of a word count as the same: `marchait`, `marcha`."""
CONTENT_WORD_CHARS: Final = 4
"""Minimum length of a content word; shorter ones are mostly articles and pronouns."""
MIN_FUNCTION_WORDS: Final = 3
"""Minimum number of function words needed to identify the language."""

_WORD = re.compile(r"[^\W\d_]+")
_FRENCH = frozenset(
    """le la les l un une des du de d à au aux en et est il elle ils elles on je j tu nous vous que
    qu qui ne n pas dans sur pour avec par son sa ses ce cette se s y lui leur était dit""".split()
)
_OTHER_LANGUAGES = (
    frozenset(
        """the of and to in that was he she it his her with for not is at der die das und den dem
        mit nicht ein eine von zu el los las del con por una que es lo il di che non per
        sono""".split()
    )
    - _FRENCH
)


def find_defect(source: str, pieces: Sequence[str], *, limit: int) -> str | None:
    """Return what is wrong with an answer, in a few words; None if nothing is.

    The reasons are `empty`, `too long`, `another language`, `words lost`, `words added`.
    """
    if is_overgrown(source, pieces):
        return "words added"
    if not pieces or not all(_WORD.search(piece) for piece in pieces):
        return "empty"
    if any(count_words(piece) > limit for piece in pieces):
        return "too long"
    words = [word for piece in pieces for word in _words(piece)]
    small = [sum(word in known for word in words) for known in (_FRENCH, _OTHER_LANGUAGES)]
    if sum(small) >= MIN_FUNCTION_WORDS and small[1] > small[0]:
        return "another language"
    asked, answered = _stems(_words(source)), _stems(words)
    if asked and len(asked & answered) < MIN_KEPT_SHARE * len(asked):
        return "words lost"
    if answered and len(answered - asked) > MAX_NEW_SHARE * len(answered):
        return "words added"
    return None


def is_overgrown(source: str, pieces: Sequence[str]) -> bool:
    """Whether an answer is far too long to be one."""
    return sum(map(len, pieces)) + len(pieces) > MAX_GROWTH * len(source) + GROWTH_CHARS


def _words(text: str) -> list[str]:
    return _WORD.findall(text.casefold().replace("œ", "oe"))


def _stems(words: Sequence[str]) -> set[str]:
    return {word[:STEM_CHARS] for word in words if len(word) >= CONTENT_WORD_CHARS}
