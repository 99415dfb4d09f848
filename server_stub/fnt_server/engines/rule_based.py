"""The `rules` engine: splits a sentence at the cheapest places, without changing any word."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from fnt.wire.jobs import ProcessingSettings
from fnt_server.engines.joints import joint_worth
from fnt_server.engines.tokens import Word, read_words

STRETCHED: Final = 0.15
"""Per word above the limit."""
NO_VERB: Final = 0.45
TOO_SHORT: Final = 0.6
ORPHAN: Final = 0.2
"""Cost of a piece of at most three words that is not delimited by marks."""
STRADDLES: Final = 0.35
"""Cost of a mark inside a piece if one of its edges has none."""
LOOSE: Final = 1.9
"""An edge with a lower score has no mark, or hardly needs one."""


def shorten(sentence: str, settings: ProcessingSettings) -> list[str]:
    """Split a sentence into pieces within the limit, at the lowest total cost.

    Pieces should have a finite verb and at least `min_sentence_length` words. A unit is split only
    if the limit cannot be kept otherwise; a word never is.
    """
    words = read_words(sentence)
    if sum(word.token.weight for word in words) <= settings.sentence_length_limit:
        return [sentence]
    cuts = _best_cuts(
        words,
        limit=settings.sentence_length_limit,
        stretch=settings.stretch,
        least=settings.min_sentence_length,
    )
    starts = [words[place].start for place in cuts]
    ends = [*starts[1:], len(sentence)]
    return [sentence[start:end].strip() for start, end in zip(starts, ends, strict=True)]


def _cost(worth: float) -> float:
    """Return the cost of a cut: low at a poor joint, high inside a unit."""
    return 0.45 * (2.0 - worth) + 3.0 * max(0.0, 1.0 - worth)


def _best_cuts(words: Sequence[Word], *, limit: int, stretch: int, least: int) -> list[int]:
    """Return the indexes of the words that begin a piece, with the lowest total cost."""
    worth = [3.0, *(joint_worth(words, place) for place in range(1, len(words))), 3.0]
    loose = [value < LOOSE for value in worth]
    joint = [0.0, *map(_cost, worth[1:-1])]
    weights = [word.token.weight for word in words]
    marked = [bool(word.token.mark) for word in words]
    verbs = [word.verb for word in words]
    needs_verb = any(verbs)
    cost = [0.0]
    begins = [0]
    for end in range(1, len(words) + 1):
        best, begin = float("inf"), end - 1
        weight, verb, inner = 0, not needs_verb, False
        for start in range(end - 1, -1, -1):
            weight += weights[start]
            if weight > limit + stretch and start < end - 1:
                break
            verb = verb or verbs[start]
            inner = inner or (marked[start] and start < end - 1)
            total = cost[start] + joint[start]
            if not verb:
                total += NO_VERB
            if stretch and weight > limit:
                total += STRETCHED * (weight - limit)
            if weight < least:
                total += TOO_SHORT
            if loose[start] and weight <= 3:
                total += ORPHAN
            if inner and (loose[start] or loose[end]):
                total += STRADDLES
            if total < best:
                best, begin = total, start
        cost.append(best)
        begins.append(begin)
    return _trace(begins)


def _trace(begins: Sequence[int]) -> list[int]:
    cuts = []
    end = len(begins) - 1
    while end:
        end = begins[end]
        cuts.append(end)
    return cuts[::-1]
