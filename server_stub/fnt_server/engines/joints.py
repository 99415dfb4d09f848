"""Scores cuts between two words for readability, by the kind of joint.

Scores use the scale of the people who labeled gaps in French sentences: 3 is a natural pause, 2
leaves a sense group on each side, 1 makes the reader hold something in mind, 0 breaks a unit.
`WORTH` holds the mean label of each kind.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from fnt_server.engines.lexicon import (
    ADJECTIVES_BEFORE_NOUN,
    ADVERBS,
    ANTECEDENTS,
    BEFORE_DE,
    BEFORE_QUE,
    CONJUNCTIONS,
    COORDINATORS,
    DETERMINERS,
    ENCLITICS,
    LOCUTIONS,
    MODALS,
    NEGATIONS,
    PREPOSITIONS,
    PROCLITICS,
    RELATIVES,
    SUBJECT_PRONOUNS,
    SUBJECTS,
    is_infinitive,
)
from fnt_server.engines.tokens import Word

NATURAL_PAUSE: Final = 3.0
INSEPARABLE: Final = -10.0
"""Score after `M.` or inside a number: cut only if the limit cannot be kept otherwise."""
LONG_GROUP_WORDS: Final = 4
"""A group or subject of as many words stands by itself."""
GROUP_WORDS: Final = 3
LEFT_ALONE_WORDS: Final = 2
"""So few words before a mark or an end are an orphan."""
LOOKED_AT_WORDS: Final = 4
"""How far the words around a joint are looked at."""

WORTH: Final = {
    "inseparable": INSEPARABLE,
    "strong mark": 2.9,
    "comma, clause": 2.8,
    "comma, coordinator": 2.8,
    "comma, long group": 2.4,
    "comma, short group": 2.0,
    "comma, after function word": 1.2,
    "proclitic": -0.6,
    "unit": 0.0,
    "modal": 0.0,
    "only": 0.9,
    "relative": 1.9,
    "subordinate": 1.8,
    "coordinator, clause": 2.3,
    "coordinator, verb": 2.0,
    "coordinator, group": 1.1,
    "coordinator, word": 0.2,
    "preposition, group": 1.55,
    "preposition, word": 0.5,
    "verb, preposition": 1.45,
    "to, group": 1.2,
    "to, word": 0.6,
    "of, group": 0.95,
    "of, word": 0.3,
    "verb, of": 1.1,
    "of, infinitive": 1.6,
    "to, infinitive": 1.0,
    "fronted, clause": 1.9,
    "long subject, verb": 1.6,
    "subject, verb": 1.1,
    "pronoun, verb": 0.2,
    "verb, object": 0.95,
    "infinitive, object": 0.9,
    "verb, other": 0.5,
    "noun, determiner": 1.4,
    "participle": 1.3,
    "adverb": 0.4,
    "other": 0.35,
}

_OF: Final = frozenset(("de", "du", "des", "d"))
_TO: Final = frozenset(("à", "au", "aux"))
_FUNCTION_WORDS: Final = COORDINATORS | RELATIVES


def joint_worth(words: Sequence[Word], place: int) -> float:
    """Return the score of a cut before the word at `place`, 0 to 3; negative for never."""
    worth = WORTH[joint_kind(words, place)]
    if worth <= 0 or words[place - 1].token.mark or words[place].token.opens:
        return worth
    return worth - 1 if _leaves_orphan(words, place) else worth


def joint_kind(words: Sequence[Word], place: int) -> str:
    """Return the kind of the joint before the word at `place`, a key of `WORTH`."""
    left, right = words[place - 1].token, words[place].token
    if left.abbreviated or (left.numeric and right.numeric and not left.mark):
        return "inseparable"
    if left.mark == "strong" or right.opens:
        return "strong mark"
    if left.mark == "comma":
        return _comma_kind(words, place)
    return _unit_kind(words, place) or _group_kind(words, place)


def _comma_kind(words: Sequence[Word], place: int) -> str:
    left, right = words[place - 1].token, words[place].token
    lone = place < 2 or words[place - 2].token.mark
    if lone and left.last in _FUNCTION_WORDS:
        return "comma, after function word"
    if right.first in COORDINATORS:
        return "comma, coordinator"
    if right.first in CONJUNCTIONS or right.first in SUBJECTS or words[place].verb:
        return "comma, clause"
    return (
        "comma, long group"
        if _until_mark(words, place) >= LONG_GROUP_WORDS
        else "comma, short group"
    )


def _unit_kind(words: Sequence[Word], place: int) -> str | None:
    """Return the kind of unit the two words form, or None."""
    left, right = words[place - 1].token, words[place].token
    a, b = left.last, right.first
    if a in PROCLITICS and b not in NEGATIONS:
        return "proclitic"
    if left.capitalized and right.capitalized and place > 1 and b not in PROCLITICS:
        return "unit"
    if b in NEGATIONS and _negated(words, place):
        return "only" if b in ("que", "qu") else "unit"
    if (
        (b in ("que", "qu") and a in BEFORE_QUE)
        or (b in RELATIVES and a in ANTECEDENTS)
        or (b in _OF and a in BEFORE_DE)
        or (a, b) in LOCUTIONS
        or b in ENCLITICS
        or (a in ADJECTIVES_BEFORE_NOUN and not _begins_group(b))
    ):
        return "unit"
    if a in PROCLITICS:
        return "proclitic"
    if a in MODALS and (
        is_infinitive(b) or (b in SUBJECTS and is_infinitive(_second(words, place)))
    ):
        return "modal"
    return None


def _group_kind(words: Sequence[Word], place: int) -> str:
    """Return the kind of group that begins at `place`, given the words before it."""
    left, right = words[place - 1], words[place]
    first = right.token.first
    if first in COORDINATORS:
        return _coordinator_kind(words, place)
    if first in CONJUNCTIONS:
        return "relative" if first in RELATIVES else "subordinate"
    if first in PREPOSITIONS:
        return _preposition_kind(words, place)
    if left.verb:
        return "verb, object" if first in DETERMINERS else "verb, other"
    if _begins_clause(words, place):
        return _clause_kind(words, place)
    return _noun_kind(left.token.last, first)


def _preposition_kind(words: Sequence[Word], place: int) -> str:
    after_verb = words[place - 1].verb
    first = words[place].token.first
    size = "group" if _group_size(words, place) >= GROUP_WORDS else "word"
    if first in _OF or first in _TO:
        name = "of" if first in _OF else "to"
        if is_infinitive(_second(words, place)):
            return f"{name}, infinitive"
        return "verb, of" if after_verb and first in _OF else f"{name}, {size}"
    return "verb, preposition" if after_verb and size == "group" else f"preposition, {size}"


def _noun_kind(before: str, first: str) -> str:
    if first in DETERMINERS:
        return "infinitive, object" if is_infinitive(before) else "noun, determiner"
    if first.endswith("ant"):
        return "participle"
    return "adverb" if first in ADVERBS else "other"


def _coordinator_kind(words: Sequence[Word], place: int) -> str:
    second = _second(words, place)
    if second in SUBJECT_PRONOUNS:
        return "coordinator, clause"
    if _begins_clause(words, place) or (
        place + 1 < len(words) and _begins_clause(words, place + 1)
    ):
        return "coordinator, verb"
    is_group = _group_size(words, place) >= GROUP_WORDS
    return "coordinator, group" if is_group else "coordinator, word"


def _clause_kind(words: Sequence[Word], place: int) -> str:
    if words[place].token.first in SUBJECT_PRONOUNS:
        return "fronted, clause"
    size = _subject_size(words, place)
    if size >= LONG_GROUP_WORDS:
        return "long subject, verb"
    return "subject, verb" if size >= 2 else "pronoun, verb"


def _begins_clause(words: Sequence[Word], place: int) -> bool:
    """Return whether a finite verb is at `place`, possibly after pronouns."""
    if words[place].verb:
        return True
    following = place + 1
    return (
        words[place].token.first in SUBJECTS
        and following < len(words)
        and not words[place].token.mark
        and words[following].verb
    )


def _begins_group(word: str) -> bool:
    return word in PREPOSITIONS or word in CONJUNCTIONS or word in COORDINATORS


def _second(words: Sequence[Word], place: int) -> str:
    """Return the word after an elision or contraction: `homme` of `l’homme`, `la` of `de la`."""
    parts = words[place].token.parts
    if len(parts) > 1:
        return parts[1]
    return words[place + 1].token.first if place + 1 < len(words) else ""


def _negated(words: Sequence[Word], place: int) -> bool:
    for word in reversed(words[max(0, place - LOOKED_AT_WORDS) : place]):
        if word.token.mark:
            return False
        if "ne" in word.token.parts or "n" in word.token.parts:
            return True
    return False


def _group_size(words: Sequence[Word], place: int) -> int:
    """Return the number of words up to the next mark or the next group."""
    size = words[place].token.weight
    for before, word in zip(
        words[place:], words[place + 1 : place + 1 + LOOKED_AT_WORDS], strict=False
    ):
        if before.token.mark or word.token.opens:
            break
        first = word.token.first
        if before.token.last not in PROCLITICS and (
            (_begins_group(first) and first not in _OF) or word.verb
        ):
            break
        size += word.token.weight
    return size


def _subject_size(words: Sequence[Word], place: int) -> int:
    size = 0
    for word in reversed(words[max(0, place - LOOKED_AT_WORDS) : place]):
        if (size and word.token.mark) or word.verb:
            break
        size += word.token.weight
        if word.token.opens or (word.token.first not in _OF and _begins_group(word.token.first)):
            break
    return size


def _until_mark(words: Sequence[Word], place: int) -> int:
    size = 0
    for word in words[place : place + LOOKED_AT_WORDS]:
        size += word.token.weight
        if word.token.mark:
            break
    return size


def _since_mark(words: Sequence[Word], place: int) -> int:
    size = 0
    for word in reversed(words[max(0, place - LOOKED_AT_WORDS) : place]):
        if size and word.token.mark:
            break
        size += word.token.weight
        if word.token.opens:
            break
    return size


def _leaves_orphan(words: Sequence[Word], place: int) -> bool:
    """Return whether a cut leaves only one or two words before a mark or an end."""
    return (
        _until_mark(words, place) <= LEFT_ALONE_WORDS
        or _since_mark(words, place) <= LEFT_ALONE_WORDS
    )
