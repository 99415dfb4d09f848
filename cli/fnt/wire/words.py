"""What counts as a word, for the limit and for the result."""

from __future__ import annotations

import re

_SEPARATOR = re.compile(r"[\s—–/|]+")
_WORD = re.compile(r"[^\W_]")


def count_words(text: str) -> int:
    """Count words: parted by space, dash or bar, and holding a letter or digit.

    So `dit-il` and `l’homme` are one word, `« Oui » —` is one too.
    """
    return sum(1 for part in _SEPARATOR.split(text) if _WORD.search(part))
