"""What stands around a place between two words: groups, clauses, marks."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Final

from fnt_server.engines.lexicon import (
    COMPARATIVES,
    CONJUNCTIONS,
    DETERMINERS,
    GROUP_STARTS,
    OBJECTS,
    OF,
    PROCLITICS,
    STRESSED_PRONOUNS,
    SUBJECTS,
)
from fnt_server.engines.tokens import Word
from fnt_server.engines.verb_forms import is_infinitive

LOOKED_AT_WORDS: Final = 4
"""How far the words around a joint are looked at."""
CLAUSE_WORDS: Final = 8
"""How far back the verb of a clause is looked for."""


def begins_clause(words: Sequence[Word], place: int) -> bool:
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


def begins_subordinate(words: Sequence[Word], place: int) -> bool:
    """Return whether a subordinate clause begins; `si` and `s’` are often something else."""
    first = words[place].token.first
    if first == "s":
        return second(words, place) in ("il", "ils")
    if first == "si":
        if place + 1 == len(words):
            return False
        following = words[place + 1].token
        return (
            following.first in SUBJECTS or following.first in DETERMINERS or following.capitalized
        )
    return first in CONJUNCTIONS


def second(words: Sequence[Word], place: int) -> str:
    """Return the word after an elision or contraction: `homme` of `l’homme`, `la` of `de la`."""
    parts = words[place].token.parts
    if len(parts) > 1:
        return parts[1]
    return words[place + 1].token.first if place + 1 < len(words) else ""


def negated(words: Sequence[Word], place: int) -> bool:
    """Return whether `ne` is close before `place`."""
    for word in reversed(words[max(0, place - LOOKED_AT_WORDS) : place]):
        if word.token.mark:
            return False
        if "ne" in word.token.parts or "n" in word.token.parts:
            return True
    return False


def is_denied(words: Sequence[Word], place: int) -> bool:
    """Return whether `pas` or `point` is close before `place`: what follows is no exception."""
    return any(
        word.token.last in ("pas", "point")
        for word in words[max(0, place - LOOKED_AT_WORDS) : place]
    )


def follows_verb(words: Sequence[Word], place: int) -> bool:
    """Return whether a finite verb is between the last mark and `place`."""
    for at in range(place - 1, max(-1, place - 1 - CLAUSE_WORDS), -1):
        word = words[at]
        if at < place - 1 and word.token.mark:
            return False
        if word.verb:
            return True
    return False


def has_subject_and_verb(words: Sequence[Word], place: int) -> bool:
    """Return whether a determiner, its noun and a finite verb follow."""
    if place >= len(words) or words[place].token.first not in DETERMINERS:
        return False
    for before, word in pairwise(words[place : place + LOOKED_AT_WORDS]):
        if before.token.mark or word.token.first in GROUP_STARTS:
            return False
        if word.verb:
            return True
    return False


def is_short_comparison(words: Sequence[Word], place: int) -> bool:
    """Return whether a comparison with a pronoun begins: `plus fort | qu’elle`."""
    end = place + (1 if len(words[place].token.parts) > 1 else 2)
    return (
        second(words, place) in STRESSED_PRONOUNS
        and not (end < len(words) and words[end].token.first in ("ne", "n"))
        and any(
            not COMPARATIVES.isdisjoint(word.token.parts)
            for word in words[max(0, place - 2) : place]
        )
    )


def group_size(words: Sequence[Word], place: int) -> int:
    """Return the number of words up to the next mark or the next group."""
    size = words[place].token.weight
    for before, word in zip(
        words[place:], words[place + 1 : place + 1 + LOOKED_AT_WORDS], strict=False
    ):
        if before.token.mark or word.token.opens:
            break
        first = word.token.first
        if before.token.last not in PROCLITICS and (
            (first in GROUP_STARTS and first not in OF) or word.verb
        ):
            break
        size += word.token.weight
    return size


def subject_size(words: Sequence[Word], place: int) -> int:
    """Return the number of words before `place` that may be the subject of a verb there."""
    size = 0
    for word in reversed(words[max(0, place - LOOKED_AT_WORDS) : place]):
        if (size and word.token.mark) or word.verb:
            break
        size += word.token.weight
        if word.token.opens or (word.token.first not in OF and word.token.first in GROUP_STARTS):
            break
    return size


def until_mark(words: Sequence[Word], place: int) -> int:
    """Return the number of words up to the next mark, as far as words are looked at."""
    size = 0
    for word in words[place : place + LOOKED_AT_WORDS]:
        size += word.token.weight
        if word.token.mark:
            break
    return size


def opens_insertion(words: Sequence[Word], place: int) -> bool:
    """Return whether words between commas part a subject from its verb, or a verb from its object.

    So `Paul, | las, dormait` and `il avait, | le soir, une lampe`.
    """
    after_verb = words[place - 1].verb
    if not after_verb and follows_verb(words, place):
        return False
    for at, word in enumerate(words[place : place + CLAUSE_WORDS], place + 1):
        if word.token.mark:
            if word.token.mark != "comma" or at == len(words):
                return False
            if after_verb:
                return words[at].token.first in DETERMINERS
            return begins_clause(words, at)
        if word.verb:
            return False
    return False


def parts_object(words: Sequence[Word], place: int) -> bool:
    """Return whether a group parts a verb from its object: `leva | au ciel des yeux rouges`."""
    if is_infinitive(second(words, place)):
        return False
    for before, word in pairwise(words[place : place + LOOKED_AT_WORDS + 1]):
        if before.token.mark or word.verb or word.token.opens:
            return False
        if (
            word.token.first in DETERMINERS
            and word.token.first not in OF
            and before.token.last not in PROCLITICS
        ):
            return True
    return False
