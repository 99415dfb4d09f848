"""Where quotations begin and end among the words of a sentence."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Sequence

from fnt_server.engines.tokens import Word

_GUILLEMET = re.compile("[«»]")

Quotation = tuple[int, int]
"""Its first word, and the one after its last; it may begin before or go on after the sentence."""


def quotations_around(sentence: str, words: Sequence[Word]) -> list[Quotation | None] | None:
    """Return for each gap between words the quotation it is inside of; None if there is none."""
    if "«" not in sentence and "»" not in sentence:
        return None
    around: list[Quotation | None] = [None] * (len(words) + 1)
    for first, end in _quotations(sentence, [word.start for word in words]):
        around[first + 1 : end] = [(first, end)] * (end - first - 1)
    return around


def crosses_quotation(around: Sequence[Quotation | None], start: int, end: int) -> bool:
    """Return whether a piece holds the begin or the end of a quotation, and words beside it."""
    before, after = around[start], around[end]
    if before == after:
        return False
    return (before is not None and before[1] != end) or (after is not None and after[0] != start)


def _quotations(sentence: str, starts: Sequence[int]) -> list[Quotation]:
    found: list[Quotation] = []
    depth, first = 0, 0
    for mark in _GUILLEMET.finditer(sentence):
        word = max(0, bisect_right(starts, mark.start()) - 1)
        if mark.group() == "«":
            first = word if not depth else first
            depth += 1
        elif depth or not found:
            depth = max(0, depth - 1)
            if not depth:
                found.append((first, word + 1))
    return [*found, (first, len(starts))] if depth else found
