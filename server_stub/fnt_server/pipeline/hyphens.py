"""Words divided at the end of a line: put together again as the book itself writes them."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from fnt_server.pipeline.layout import HYPHEN

_PART = re.compile(r"[^\W\d_]+")
_LAST_PART = re.compile(r"[^\W_]*$")
_FIRST_PART = re.compile(r"[^\W_]*")
_PAIR = re.compile(r"([^\W\d_]+)-(?=([^\W\d_]+))")

_PRONOUNS: Final = frozenset("je tu il elle on ils elles le la les lui leur y en ce t".split())
_CLEAR_PRONOUNS: Final = frozenset("nous vous moi toi".split())
"""No French word ends with such a syllable, but for the few a book writes undivided too."""
_AFTER_HYPHEN: Final = frozenset("ci là même mêmes".split())
_BEFORE_HYPHEN: Final = frozenset("demi semi nu quasi vice outre".split())
_TENS: Final = frozenset("vingt trente quarante cinquante soixante quatre".split())
_UNITS: Final = frozenset(
    "deux trois quatre cinq six sept huit neuf dix onze douze treize quatorze quinze seize".split()
)
_COMPOUNDS: Final = frozenset(
    """peut-être est-à à-dire vis-à à-vis rendez-vous grand-père grand-mère grands-parents
    beau-père belle-mère beau-frère belle-sœur beau-fils belle-fille petit-fils petite-fille
    après-midi avant-hier avant-garde avant-veille arc-en sur-le le-champ tête-à à-tête
    tout-puissant toute-puissante sous-sol sous-préfet chef-d chauve-souris rez-de de-chaussée
    porte-monnaie dix-sept dix-huit dix-neuf quatre-vingts nouveau-né bien-être bien-aimé
    bien-aimée sang-froid au-dessus au-dessous au-delà au-devant ci-dessus ci-dessous ci-devant
    là-bas là-haut là-dessus là-dessous là-dedans quelques-uns quelques-unes par-dessus
    par-dessous par-delà en-tête eau-de de-vie pot-au tout-à à-coup jusque-là ouï-dire
    mi-voix mi-chemin ex-voto contre-coup""".split()
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Vocabulary:
    """The words of a book that stand whole in a line, and pairs of them joined by a hyphen."""

    words: Counter[str]
    pairs: Counter[tuple[str, str]]

    @classmethod
    def of(cls, texts: Iterable[str]) -> Vocabulary:
        """Count the words of lines, leaving out those that a line end divides."""
        words: Counter[str] = Counter()
        pairs: Counter[tuple[str, str]] = Counter()
        divided = False
        for text in texts:
            parts = _PART.findall(text.lower())
            if divided:
                del parts[:1]
            divided = text.endswith(HYPHEN)
            if divided:
                del parts[-1:]
            words.update(parts)
            if "-" in text:
                pairs.update(_PAIR.findall(text.lower()))
        return cls(words=words, pairs=pairs)


def rejoin(before: str, after: str, vocabulary: Vocabulary) -> str:
    """Return the text of two lines, the first of which ends with HYPHEN."""
    before = before.removesuffix(HYPHEN)
    hyphen = "-" if keeps_hyphen(before, after, vocabulary) else ""
    return before + hyphen + after


def keeps_hyphen(before: str, after: str, vocabulary: Vocabulary) -> bool:
    """Tell whether the hyphen between these belongs to the word, as in `dit-il`."""
    first, second = _last(before), _first(after)
    if not (first.isalpha() and second.isalpha()):
        return True
    left, right = first.lower(), second.lower()
    joined, paired = vocabulary.words[left + right], vocabulary.pairs[left, right]
    if joined != paired:
        return paired > joined
    if second[0].isupper() and not first.isupper():
        return True
    if f"{left}-{right}" in _COMPOUNDS or left in _BEFORE_HYPHEN:
        return True
    if right in _AFTER_HYPHEN or right in _CLEAR_PRONOUNS or (left in _TENS and right in _UNITS):
        return True
    return vocabulary.words[left] > 0 and (
        right in _PRONOUNS or _are_words(left, right, vocabulary)
    )


def _are_words(left: str, right: str, vocabulary: Vocabulary) -> bool:
    """Tell whether both parts are too long and too frequent to be syllables."""
    return min(len(left), len(right)) >= 4 and vocabulary.words[right] > 1


def _last(text: str) -> str:
    found = _LAST_PART.search(text)
    return found.group() if found else ""


def _first(text: str) -> str:
    found = _FIRST_PART.match(text)
    return found.group() if found else ""
