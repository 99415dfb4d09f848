"""Distinguishes the period of an abbreviation from the end of a sentence, by context."""

from __future__ import annotations

import re
from typing import Final

_LAST_WORD = re.compile(r"(?<![^\W_])([^\W_]++)°?$")
_BEFORE_LAST = re.compile(r"(?<![^\W_])([^\W_]++)\W{1,3}$")
_FIRST_WORD = re.compile(r"[^\W_]+")
_ROMAN = re.compile(r"\b[IVXLC]+\b(?![’'])")
_ERA = re.compile(r"\b(?:av|apr|ap)\.\s?J\.\s?-\s?C$")
_THAT_IS = re.compile(r"\b(?:c\.\s?-?à-?\s?d|p\.\s?ex)$", re.IGNORECASE)
_LIST_NUMBER = re.compile(r"(?:^|[:;!?»–—]|(?<![^\W_])([^\W_]*+)°?\.)\s*\d{1,3}$")
_DIGITS_BEFORE = re.compile(r"(?:\d\s+|(?<![^\W_])[^\W\d_]*+\d)[^\W_]++$")
_WINDOW: Final = 24
"""Maximum number of characters before the period that are examined."""

_TITLES: Final = frozenset(
    """m mm mr mrs mme mmes mlle mlles mgr mgrs me mes dr drs pr st ste sts stes vve sr jr esq cf
    cie ch ph th chr cl fr gal cdt cap capt lt col sgt ll aa prof lieut gén comm""".split()
)
_RANKS: Final = frozenset("cap capt lt col sgt gal cdt prof lieut gén cf dr".split())
"""Titles that are also abbreviated in lowercase."""
_STREETS: Final = frozenset("av bd boul bld pl imp fg faub sq".split())
_BEFORE_NUMBER: Final = frozenset(
    "n no nos h p pp art ch chap vol t liv fig v vers env rue bd av".split()
)
_UNITS: Final = frozenset("fr h m km kil cent c min sec kg gr f".split())
_REGNAL: Final = frozenset(("I", "V", "X"))
_ARTICLES: Final = frozenset("le la les l de du des d".split())
_STARTERS: Final = (
    frozenset(
        """il elle on je j tu nous vous ils elles ce c cela ça ceci celui celle ceux celles qui que
        qu quand comme si mais et ou donc or car puis ensuite alors enfin ainsi aussi dans sur
        sous avec pour par sans après avant depuis pendant dès vers chez entre contre malgré
        selon un une mon ma mes ton ta tes son sa ses notre nos votre vos leur leurs ne n se s y
        en à a au aux là ici tout tous toute toutes rien personne chacun chaque quelque quelques
        plusieurs pourquoi comment où voilà voici oui non pas jamais toujours déjà encore
        bientôt cependant pourtant toutefois lorsque lorsqu puisque puisqu parce quel quelle
        quels quelles cet cette ces deux trois aucun aucune nul peut quant lui moi toi
        eux""".split()
    )
    | _ARTICLES
)
"""Words that are capitalized only at the start of a sentence."""


def is_abbreviation(text: str, stop: int, following: int) -> bool:
    """Return whether the period at `stop` is part of an abbreviation.

    `following` is the index of the next word, which does not start with a lowercase letter.
    """
    before = text[max(0, stop - _WINDOW) : stop]
    found = _LAST_WORD.search(before)
    if found is None:
        return False
    word = found[1]
    if word.isdigit():
        listed = _LIST_NUMBER.search(before)
        return listed is not None and (listed[1] or "").lower() not in _BEFORE_NUMBER
    if _THAT_IS.search(before):
        return True
    if _ERA.search(before):
        return False
    if word in ("av", "apr", "ap") and text.startswith("J.", following):
        return True
    return _is_short_for_something(text, before, word, following)


def _is_short_for_something(text: str, before: str, word: str, following: int) -> bool:
    low = word.lower()
    if text[following].isdigit():
        return low in _BEFORE_NUMBER or (low in _UNITS and bool(_DIGITS_BEFORE.search(before)))
    if low in _BEFORE_NUMBER and _ROMAN.match(text, following):
        return True
    next_word = _FIRST_WORD.match(text, following)
    starter = next_word[0].lower() if next_word else ""
    if low in _TITLES:
        if low in _RANKS:
            return starter not in _STARTERS
        return word[0].isupper() and (starter in _ARTICLES or starter not in _STARTERS)
    if low in _STREETS:
        return starter not in _STARTERS
    if len(word) == 1 and word.isupper():
        return _is_initial(before[:-1], word, starter)
    return False


def _is_initial(before: str, letter: str, starter: str) -> bool:
    """Return whether it is an initial (`J. Martin`), not a sentence end (`Charles X. Elle`)."""
    if before.endswith("°"):
        return False
    if starter not in _STARTERS:
        above = _BEFORE_LAST.search(before)
        return not (letter in _REGNAL and above and above[1][0].isupper() and len(above[1]) > 3)
    if starter in _ARTICLES:
        return not before.rstrip()[-1:].isalpha()
    return False
