"""Engine `rules`: splits a sentence where a split costs least, without changing a word."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from typing import Final

from fnt.wire.jobs import ProcessingSettings
from fnt.wire.words import count_words
from fnt_server.engines.lexicon import (
    CONJUNCTIONS,
    ENCLITICS,
    PREPOSITIONS,
    PROCLITICS,
    TITLES,
    is_verb,
)

_TOKEN = re.compile(r"[^\s—]+|—")
_PART = re.compile(r"[^\W_]+")
_OPENER = re.compile(r"[«“(\[–—-]+")
_STRONG_END = re.compile(r"[;:»”)\]\"]$")
_ABBREVIATION = re.compile(rf"(?:^|\W)(?:{'|'.join(sorted(TITLES))})\.?$|(?:^|\W)[A-Z]\.$")

STRONG, COMMA, CONJUNCTION, PREPOSITION, OTHER, CLITIC, INSEPARABLE = (
    -0.33, -0.2, 0.02, 0.26, 0.6, 8.0, 80.0,
)  # fmt: skip
"""What a cut costs by the joint it is made at; negative where cutting helps the reader."""
NO_VERB: Final = 0.54
TOO_SHORT: Final = 0.6
_CACHED_CHARS: Final = 60
"""Longer tokens are no words, and would fill the memory of a process that serves many books."""


@dataclass(frozen=True, slots=True)
class TokenFeatures:
    """What can be said of a word, with its marks, by itself."""

    weight: int
    """Words it counts for: more than one where a bar or dash joins several."""
    parts: tuple[str, ...]
    """In lower case: `l’avait-il` has three."""
    verb_inside: bool
    """One of the parts after the first is a verb."""
    opens: bool
    """A quotation, an aside or a speech begins with it."""
    after: float | None
    """Cost of cutting after it, if that is for it to say."""
    before: float
    """Cost of cutting before it otherwise."""


@dataclass(frozen=True, slots=True)
class _Word:
    start: int
    weight: int
    verb: bool
    joint: float
    """Cost of cutting before it."""


def shorten(sentence: str, settings: ProcessingSettings) -> list[str]:
    """Return the sentence in pieces of at most the limit, cut where it hurts least.

    A piece should have a finite verb and `min_sentence_length` words. A cut after a word that
    wants the next one is made only where the limit could not be kept otherwise, one after `M.` or
    inside a word never.
    """
    words = _words(sentence)
    if sum(word.weight for word in words) <= settings.sentence_length_limit:
        return [sentence]
    cuts = _best_cuts(
        words, limit=settings.sentence_length_limit, least=settings.min_sentence_length
    )
    starts = [words[k].start for k in cuts]
    ends = [*starts[1:], len(sentence)]
    return [sentence[start:end].strip() for start, end in zip(starts, ends, strict=True)]


def _words(sentence: str) -> list[_Word]:
    words: list[_Word] = []
    above: TokenFeatures | None = None
    for start, text in _groups(sentence):
        look = token_features(text)
        joint, last = 0.0, ""
        if above:
            joint = STRONG if look.opens else look.before if above.after is None else above.after
            last = above.parts[-1] if above.parts else ""
        verb = look.verb_inside or (bool(look.parts) and is_verb(look.parts[0], last))
        words.append(_Word(start, look.weight, verb, joint))
        above = look
    return words


def _groups(sentence: str) -> list[tuple[int, str]]:
    """Return where each word begins, and its text; opening marks go with the next word."""
    starts: list[int] = []
    opened: int | None = None
    for token in _TOKEN.finditer(sentence):
        text = token.group()
        if not text[0].isalnum() and _OPENER.fullmatch(text):
            opened = token.start() if opened is None else opened
        elif text[0].isalnum() or _PART.search(text) or not starts:
            starts.append(token.start() if opened is None else opened)
            opened = None
        else:
            opened = None
    ends = [*starts[1:], len(sentence)] if starts else []
    return [(start, sentence[start:end].rstrip()) for start, end in zip(starts, ends, strict=True)]


def token_features(text: str) -> TokenFeatures:
    """Return the features of one token; cached, because most tokens repeat."""
    return _cached_features(text) if len(text) <= _CACHED_CHARS else _find_features(text)


@lru_cache(maxsize=1 << 16)
def _cached_features(text: str) -> TokenFeatures:
    return _find_features(text)


def _find_features(text: str) -> TokenFeatures:
    parts = tuple(_PART.findall(text.lower()))
    return TokenFeatures(
        weight=count_words(text),
        parts=parts,
        verb_inside=any(is_verb(part, before) for before, part in pairwise(parts)),
        opens=bool(_OPENER.match(text)),
        after=_cost_after(text, parts[-1] if parts else ""),
        before=_cost_before(parts),
    )


def _cost_after(text: str, last: str) -> float | None:
    if _STRONG_END.search(text):
        return STRONG
    if _ABBREVIATION.search(text):
        return INSEPARABLE
    if text.endswith((".", "!", "?", "…", ",")):
        return COMMA
    return CLITIC if last in PROCLITICS else None


def _cost_before(parts: tuple[str, ...]) -> float:
    first = parts[0] if parts else ""
    if first in ENCLITICS:
        return CLITIC
    if first in CONJUNCTIONS and (first != "s" or parts[1:2] in (("il",), ("ils",))):
        return CONJUNCTION
    return PREPOSITION if first in PREPOSITIONS else OTHER


def _best_cuts(words: list[_Word], *, limit: int, least: int) -> list[int]:
    """Return the words that begin a piece, by the cheapest of all ways to cut."""
    needs_verb = any(word.verb for word in words)
    cost = [0.0] + [float("inf")] * len(words)
    begins = [0] * (len(words) + 1)
    for end in range(1, len(words) + 1):
        weight, verb = 0, not needs_verb
        for start in range(end - 1, -1, -1):
            weight += words[start].weight
            if weight > limit and start < end - 1:
                break
            verb = verb or words[start].verb
            total = cost[start] + (words[start].joint if start else 0.0)
            total += (0.0 if verb else NO_VERB) + (TOO_SHORT if weight < least else 0.0)
            if total < cost[end]:
                cost[end], begins[end] = total, start
    cuts = []
    end = len(words)
    while end:
        end = begins[end]
        cuts.append(end)
    return cuts[::-1]
