"""The `rules` engine: splits a sentence at the cheapest places, without changing any word."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import lru_cache
from itertools import accumulate, pairwise
from typing import Final

from fnt.wire.jobs import PieceQuality, ProcessingSettings
from fnt_server.engines.joints import NATURAL_PAUSE, joint_worth
from fnt_server.engines.piece_quality import CLAUSE_END, quality_of
from fnt_server.engines.quotations import Quotation, crosses_quotation, quotations_around
from fnt_server.engines.tokens import Word, read_words

FREE_CUT: Final = 2.4
"""The worth of a joint at which a cut costs nothing; below, a piece more is no gain by itself."""
BREAKS_UNIT: Final = 1.1
"""A joint worth less than this is inside a unit."""
PER_WORTH: Final = 0.45
"""For each point of worth below `FREE_CUT`."""
PER_BREAK: Final = 3.0
"""In addition, for each point inside a unit."""
STRETCHED: Final = 0.05
"""Per word above the limit."""
NO_VERB: Final = 0.45
TOO_SHORT: Final = 0.6
ORPHAN: Final = 0.2
"""Cost of a piece of at most `ORPHAN_WORDS` words that is not delimited by marks."""
ORPHAN_WORDS: Final = 3
STRADDLES: Final = 0.5
"""Cost of a mark inside a piece if one of its edges has none."""
STRADDLES_STRONG: Final = 0.6
"""Cost of a strong mark inside a piece if one of its edges has none that ends a clause."""
CROSSES: Final = 0.9
"""Cost of a piece with the begin or the end of a quotation inside, and the rest elsewhere."""
LOOSE: Final = 1.9
"""An edge with a lower score has no mark, or hardly needs one."""
MARKED_END: Final = 2.3
"""An edge with a lower score has no mark that ends a clause."""


def shorten(sentence: str, settings: ProcessingSettings) -> list[str]:
    """Split a sentence into pieces within the limit, at the lowest total cost.

    Pieces should have a finite verb and at least `min_sentence_length` words. A unit is split only
    if the limit cannot be kept otherwise; a word never is.
    """
    return shorten_measured(sentence, settings)[0]


def shorten_measured(sentence: str, settings: ProcessingSettings) -> tuple[list[str], PieceQuality]:
    """Return the same together with how it was cut."""
    words = read_words(sentence)
    verbs = [word.verb for word in words]
    inside = [joint_worth(words, place) for place in range(1, len(words))]
    worth = [NATURAL_PAUSE, *inside, NATURAL_PAUSE]
    cuts = [0]
    if sum([word.token.weight for word in words]) > settings.sentence_length_limit:
        cuts = _best_cuts(
            words,
            worth,
            verbs,
            limit=settings.sentence_length_limit,
            stretch=settings.stretch,
            least=settings.min_sentence_length,
            around=quotations_around(sentence, words),
        )
    starts = [words[place].start for place in cuts] if len(cuts) > 1 else [0]
    ends = [*starts[1:], len(sentence)]
    pieces = [sentence[start:end].strip() for start, end in zip(starts, ends, strict=True)]
    with_verb = sum(
        True in verbs[start:end] for start, end in zip(cuts, [*cuts[1:], len(words)], strict=True)
    )
    at_clause = 1 + sum(worth[place] >= CLAUSE_END for place in cuts[1:])
    return pieces, quality_of(len(pieces), end_with_clause=at_clause, with_verb=with_verb)


@lru_cache(maxsize=1 << 8)
def _cost(worth: float) -> float:
    """Return the cost of a cut: high inside a unit, below 0 at a natural pause."""
    return PER_WORTH * (FREE_CUT - worth) + PER_BREAK * max(0.0, BREAKS_UNIT - worth)


def _best_cuts(
    words: Sequence[Word],
    worth: Sequence[float],
    verbs: Sequence[bool],
    *,
    limit: int,
    stretch: int,
    least: int,
    around: Sequence[Quotation | None] | None,
) -> list[int]:
    """Return the indexes of the words that begin a piece, with the lowest total cost."""
    all_upto = list(accumulate([word.token.weight for word in words], initial=0))
    places = _candidates(worth, all_upto, most=limit + stretch)
    upto = [all_upto[place] for place in places]
    firsts = _first_starts(upto, most=limit + stretch)
    last_verbs = _last_places(verbs)
    needs_verb = True in verbs
    last_marks = _last_places([bool(word.token.mark) for word in words])
    last_strong = _last_places([word.token.mark == "strong" for word in words])
    before = [0.0]  # the cost up to a cut and of the cut itself
    begins = [0]
    for number, end in enumerate(places[1:], 1):
        best, begin = float("inf"), number - 1
        last_verb = last_verbs[end] if needs_verb else end
        last_mark = last_marks[end - 1]  # the mark at the end of a piece is not inside it
        for first in range(number - 1, firsts[number] - 1, -1):
            total = before[first]
            if total >= best:  # the rest only adds to it
                continue
            start, weight = places[first], upto[number] - upto[first]
            if start > last_verb:
                total += NO_VERB
            if stretch and weight > limit:
                total += STRETCHED * (weight - limit)
            if weight < least:
                total += TOO_SHORT
            if weight <= ORPHAN_WORDS and worth[start] < LOOSE:
                total += ORPHAN
            if start <= last_mark:
                total += _straddling(worth[start], worth[end], strong=start <= last_strong[end - 1])
            total += CROSSES if around and crosses_quotation(around, start, end) else 0.0
            if total < best:
                best, begin = total, first
        before.append(best + (_cost(worth[end]) if end < len(words) else 0.0))
        begins.append(begin)
    return [places[number] for number in _trace(begins)]


def _candidates(worth: Sequence[float], upto: Sequence[int], *, most: int) -> Sequence[int]:
    """Return where a piece may begin or end: inside a unit only if the limit cannot be kept."""
    outside = [place for place, one in enumerate(worth) if one >= 0]
    for start, end in pairwise(outside):
        if upto[end] - upto[start] > most and end - start > 1:
            return range(len(worth))
    return outside


def _straddling(begin: float, end: float, *, strong: bool) -> float:
    """Return the cost of a mark inside a piece between edges of these scores."""
    weaker = min(begin, end)
    if strong and weaker < MARKED_END:
        return STRADDLES_STRONG
    return STRADDLES if weaker < LOOSE else 0.0


def _first_starts(upto: Sequence[int], *, most: int) -> list[int]:
    """Return for each end where a piece can begin at the earliest; one word is always a piece."""
    firsts = [0]
    first = 0
    for end in range(1, len(upto)):
        while upto[end] - upto[first] > most and first < end - 1:
            first += 1
        firsts.append(first)
    return firsts


def _last_places(flags: Iterable[bool]) -> list[int]:
    """Return for each end the last place before it that has the flag, -1 where there is none."""
    last = -1
    return [last, *[last := place if flag else last for place, flag in enumerate(flags)]]


def _trace(begins: Sequence[int]) -> list[int]:
    cuts = []
    end = len(begins) - 1
    while end:
        end = begins[end]
        cuts.append(end)
    return cuts[::-1]
