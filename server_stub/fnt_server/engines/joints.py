"""Scores cuts between two words for readability, by the kind of joint.

Scores use the scale of the people who labeled gaps in French sentences: 3 is a natural pause, 2
leaves a sense group on each side, 1 makes the reader hold something in mind, 0 breaks a unit.
`WORTH` holds the mean label of each kind.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Final

from fnt_server.engines.lexicon import (
    ADJECTIVES_BEFORE_NOUN,
    ADVERBS,
    ANTECEDENTS,
    AVOIR,
    ETRE,
    BEFORE_DE,
    BEFORE_QUE,
    BEGINNERS,
    COMPARATIVES,
    CONJUNCTIONS,
    COORDINATORS,
    DEFINITE,
    DETERMINERS,
    ENCLITICS,
    FREE_BEFORE_GROUP,
    FREE_BEFORE_OBJECT,
    LOCUTIONS,
    MODALS,
    NEGATIONS,
    OBJECTS,
    PREPOSITIONS,
    PROCLITICS,
    RELATIVES,
    STRESSED_PRONOUNS,
    SUBJECT_PRONOUNS,
    SUBJECTS,
    is_infinitive,
    is_participle,
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
CLAUSE_WORDS: Final = 8
"""How far back the verb of a clause is looked for."""
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
    "participle, object": 0.9,
    "adjective, group": 1.3,
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
    if _begins_subordinate(words, place) or right.first in SUBJECTS or words[place].verb:
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
    is_bound = a in PROCLITICS and not _is_free(a, b)
    if is_bound and b not in NEGATIONS:
        return "proclitic"
    if left.capitalized and right.capitalized and place > 1 and b not in PROCLITICS:
        return "unit"
    if b in NEGATIONS and _negated(words, place):
        return "only" if b in ("que", "qu") else "unit"
    if (
        (b in ("que", "qu") and a in BEFORE_QUE and not (a == "bien" and words[place - 2].verb))
        or (b in RELATIVES and a in ANTECEDENTS)
        or (b in _OF and a in BEFORE_DE)
        or (a, b) in LOCUTIONS
        or (b == "au" and _second(words, place) in COMPARATIVES)
        or (b in ("que", "qu") and _is_short_comparison(words, place))
        or b in ENCLITICS
        or (a in ADJECTIVES_BEFORE_NOUN and not _begins_group(b))
    ):
        return "unit"
    if is_bound:
        return "proclitic"
    if a in MODALS and (
        is_infinitive(b) or (b in SUBJECTS and is_infinitive(_second(words, place)))
    ):
        return "modal"
    if a in BEGINNERS and b == "à" and is_infinitive(_second(words, place)):
        return "modal"
    return None


def _group_kind(words: Sequence[Word], place: int) -> str:
    """Return the kind of group that begins at `place`, given the words before it."""
    left, right = words[place - 1], words[place]
    first = right.token.first
    if first in COORDINATORS:
        return _coordinator_kind(words, place)
    if _begins_subordinate(words, place):
        return "relative" if first in RELATIVES else "subordinate"
    if first in PREPOSITIONS:
        return _preposition_kind(words, place)
    if left.verb:
        return "verb, object" if first in DETERMINERS else "verb, other"
    if _begins_clause(words, place):
        return _clause_kind(words, place)
    return _noun_kind(words, place)


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


def _noun_kind(words: Sequence[Word], place: int) -> str:
    before, first = words[place - 1].token.last, words[place].token.first
    if first in DETERMINERS:
        if words[place].token.capitalized and len(words[place].token.parts) == 1:
            return "unit"
        if is_infinitive(before):
            return "infinitive, object"
        after_verb = _is_participle(words, place - 1) or _is_adverb(before)
        return "participle, object" if after_verb else "noun, determiner"
    if first.endswith("ant"):
        return "participle"
    if first in ADVERBS or first == "si":
        return "adverb"
    return "adjective, group" if _is_adjective_group(words, place) else "other"


def _is_adjective_group(words: Sequence[Word], place: int) -> bool:
    """Return whether an adjective or participle with a complement begins: `vêtu | en fermier`."""
    return (
        is_participle(words[place].token.last)
        and not words[place].token.mark
        and place + 1 < len(words)
        and words[place + 1].token.first in PREPOSITIONS
        and words[place + 1].token.first not in _OF
        and not _is_adverb(words[place - 1].token.last)
        and not any(
            not AVOIR.isdisjoint(word.token.parts) or not ETRE.isdisjoint(word.token.parts) for word in words[max(0, place - 2) : place]
        )
    )


def _is_adverb(word: str) -> bool:
    return word in ADVERBS or word in FREE_BEFORE_OBJECT or word.endswith("ement")


def _is_participle(words: Sequence[Word], place: int) -> bool:
    """Return whether a present participle or a compound tense ends at `place`."""
    word = words[place].token.last
    if word.endswith("ant"):
        return True
    return is_participle(word) and any(
        not AVOIR.isdisjoint(before.token.parts) for before in words[max(0, place - 2) : place]
    )


def _coordinator_kind(words: Sequence[Word], place: int) -> str:
    second = _second(words, place)
    if second in SUBJECT_PRONOUNS or second in RELATIVES:
        return "coordinator, clause"
    if _has_subject_and_verb(words, place + 1) and _follows_verb(words, place):
        return "coordinator, clause"
    if _begins_clause(words, place) or (
        place + 1 < len(words) and _begins_clause(words, place + 1)
    ):
        return "coordinator, verb"
    is_group = _group_size(words, place) >= GROUP_WORDS and (
        second in DETERMINERS or second in PREPOSITIONS or is_infinitive(second)
    )
    return "coordinator, group" if is_group else "coordinator, word"


def _follows_verb(words: Sequence[Word], place: int) -> bool:
    """Return whether a finite verb is between the last mark and `place`."""
    for word in reversed(words[max(0, place - CLAUSE_WORDS) : place]):
        if word.verb or word.token.mark:
            return word.verb
    return False


def _has_subject_and_verb(words: Sequence[Word], place: int) -> bool:
    """Return whether a determiner, its noun and a finite verb follow."""
    if place >= len(words) or words[place].token.first not in DETERMINERS:
        return False
    for before, word in pairwise(words[place : place + LOOKED_AT_WORDS]):
        if before.token.mark or _begins_group(word.token.first):
            return False
        if word.verb:
            return True
    return False


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
    first = words[place].token.first
    return (
        (first in SUBJECTS or first in OBJECTS)
        and following < len(words)
        and not words[place].token.mark
        and words[following].verb
    )


def _is_free(before: str, word: str) -> bool:
    """Return whether a word that is bound to most that follow is not bound to this one."""
    if before in FREE_BEFORE_GROUP and word != "en" and _begins_group(word):
        return True
    return before in FREE_BEFORE_OBJECT and word in DEFINITE


def _is_short_comparison(words: Sequence[Word], place: int) -> bool:
    """Return whether a comparison with a pronoun begins: `plus fort | qu’elle`."""
    end = place + (1 if len(words[place].token.parts) > 1 else 2)
    return (
        _second(words, place) in STRESSED_PRONOUNS
        and not (end < len(words) and words[end].token.first in ("ne", "n"))
        and any(
            not COMPARATIVES.isdisjoint(word.token.parts)
            for word in words[max(0, place - 2) : place]
        )
    )


def _begins_subordinate(words: Sequence[Word], place: int) -> bool:
    """Return whether a subordinate clause begins; `si` and `s’` are often something else."""
    first = words[place].token.first
    if first == "s":
        return _second(words, place) in ("il", "ils")
    if first == "si":
        second = _second(words, place)
        return second in SUBJECTS or second in DETERMINERS or words[place + 1].token.capitalized
    return first in CONJUNCTIONS


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
    return min(_until_mark(words, place), _since_mark(words, place)) <= LEFT_ALONE_WORDS
