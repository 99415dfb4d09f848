"""What counts as a word, for the limit and for the result."""

from __future__ import annotations

import re

_WORD = re.compile(r"[^\W_][^\s—–/|]*+")
"""A word from its first letter or digit on, which is all that counting needs."""


def count_words(text: str) -> int:
    """Count words: separated by spaces, dashes or bars, and holding a letter or digit.

    So `dit-il` and `l’homme` are one word, `« Oui » —` is one too.
    """
    return len(_WORD.findall(text))
