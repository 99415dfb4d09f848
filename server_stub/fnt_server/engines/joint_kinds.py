"""Classify the joint between two words."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from fnt_server.engines.lexicon import (
    ADJECTIVES_BEFORE_NOUN,
    ADVERBS,
    ANTECEDENTS,
    AUXILIARIES,
    AVOIR,
    BEFORE_DE,
    BEFORE_QUE,
    BEGINNERS,
    COMPARATIVES,
    COORDINATORS,
    DEFINITE,
    DETERMINERS,
    ENCLITICS,
    FREE_BEFORE_GROUP,
    FREE_BEFORE_OBJECT,
    GROUP_STARTS,
    LOCUTIONS,
    MAY_SUBORDINATE,
    MODALS,
    NEGATIONS,
    NOUN_GROUP_STARTS,
    OF,
    PREPOSITIONS,
    PROCLITICS,
    RELATIVES,
    STRESSED_PRONOUNS,
    SUBJECT_PRONOUNS,
    SUBJECTS,
    TO,
)
from fnt_server.engines.tokens import Word
from fnt_server.engines.verb_forms import is_infinitive, is_participle
from fnt_server.engines.word_groups import (
    begins_clause,
    begins_subordinate,
    follows_verb,
    group_size,
    has_subject_and_verb,
    is_denied,
    is_short_comparison,
    negated,
    opens_insertion,
    parts_object,
    second,
    subject_size,
    until_mark,
)

LONG_GROUP_WORDS: Final = 4
"""A group or subject of as many words stands by itself."""
GROUP_WORDS: Final = 3
_QUE: Final = frozenset(("que", "qu"))
_LED: Final = frozenset(("duquel", "desquels", "desquelles"))
_MAY_BE_JOINED: Final = _QUE | _LED | {"au"}
_NEED_INFINITIVE: Final = MODALS | BEGINNERS
_FUNCTION_WORDS: Final = COORDINATORS | RELATIVES


def joint_kind(words: Sequence[Word], place: int) -> str:
    """Return the kind of the joint before the word at `place`, a key of `WORTH`."""
    left, right = words[place - 1].token, words[place].token
    if left.abbreviated or (left.numeric and right.numeric and not left.mark):
        return "inseparable"
    if left.binds and right.quotes:
        return "proclitic"
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
    if opens_insertion(words, place):
        return "comma, insertion"
    if begins_subordinate(words, place) or right.first in SUBJECTS or words[place].verb:
        return "comma, clause"
    return (
        "comma, long group"
        if until_mark(words, place) >= LONG_GROUP_WORDS
        else "comma, short group"
    )


def _unit_kind(words: Sequence[Word], place: int) -> str | None:
    """Return the kind of unit the two words form, or None."""
    left, right = words[place - 1].token, words[place].token
    a, b = left.last, right.first
    is_bound = a in PROCLITICS and not _is_free(a, b)
    if is_bound and b not in NEGATIONS:
        return "auxiliary, group" if a in AUXILIARIES and b in NOUN_GROUP_STARTS else "proclitic"
    if left.capitalized and right.capitalized and place > 1 and b not in PROCLITICS:
        return "unit"
    if b in NEGATIONS and negated(words, place) and not (b in _QUE and is_denied(words, place)):
        return "only" if b in _QUE else "unit"
    if _is_locution(a, b) or (b in _MAY_BE_JOINED and _is_joined(words, place)):
        return "unit"
    if is_bound:
        return "proclitic"
    return "modal" if a in _NEED_INFINITIVE and _is_modal(words, place) else None


def _is_locution(a: str, b: str) -> bool:
    return (
        (b in RELATIVES and a in ANTECEDENTS)
        or (b in OF and a in BEFORE_DE)
        or (a, b) in LOCUTIONS
        or b in ENCLITICS
        or (a in ADJECTIVES_BEFORE_NOUN and b not in GROUP_STARTS)
    )


def _is_joined(words: Sequence[Word], place: int) -> bool:
    """Return whether it is the rest of `bien que`, `plus fort qu’elle` or `au bras duquel`."""
    before, first = words[place - 1].token.last, words[place].token.first
    if first in _LED:
        return place > 1 and words[place - 2].token.first in PREPOSITIONS
    if first == "au":
        return second(words, place) in COMPARATIVES
    if before in BEFORE_QUE and not (before == "bien" and words[place - 2].verb):
        return True
    return is_short_comparison(words, place)


def _is_modal(words: Sequence[Word], place: int) -> bool:
    """Return whether an infinitive completes the modal verb before it."""
    before, first = words[place - 1].token.last, words[place].token.first
    if before in MODALS:
        return is_infinitive(first) or (first in SUBJECTS and is_infinitive(second(words, place)))
    return before in BEGINNERS and first == "à" and is_infinitive(second(words, place))


def _group_kind(words: Sequence[Word], place: int) -> str:
    """Return the kind of group that begins at `place`, given the words before it."""
    left, right = words[place - 1], words[place]
    first = right.token.first
    if first in COORDINATORS:
        return _coordinator_kind(words, place)
    if first in RELATIVES:
        return "relative"
    if first in MAY_SUBORDINATE and begins_subordinate(words, place):
        return "comparison" if first == "comme" and left.verb else "subordinate"
    if first in PREPOSITIONS:
        return _preposition_kind(words, place)
    if left.verb:
        return "verb, object" if first in DETERMINERS else "verb, other"
    if begins_clause(words, place):
        return _clause_kind(words, place)
    return _noun_kind(words, place)


def _preposition_kind(words: Sequence[Word], place: int) -> str:
    after_verb = words[place - 1].verb
    if _ends_verb(words, place - 1) and parts_object(words, place):
        return "verb, parted object"
    first = words[place].token.first
    size = "group" if group_size(words, place) >= GROUP_WORDS else "word"
    if first in OF or first in TO:
        name = "of" if first in OF else "to"
        if is_infinitive(second(words, place)):
            return f"{name}, infinitive"
        return "verb, of" if after_verb and first in OF else f"{name}, {size}"
    return "verb, preposition" if after_verb and size == "group" else f"preposition, {size}"


def _ends_verb(words: Sequence[Word], place: int) -> bool:
    """Return whether a verb or an infinitive is at `place`, perhaps with an adverb after it."""
    last = words[place].token.last
    if words[place].verb or is_infinitive(last):
        return True
    return place > 0 and _is_adverb(last) and words[place - 1].verb


def _noun_kind(words: Sequence[Word], place: int) -> str:
    before, first = words[place - 1].token.last, words[place].token.first
    if first in DETERMINERS:
        if words[place].token.capitalized and len(words[place].token.parts) == 1:
            return "unit"
        if is_infinitive(before):
            return "infinitive, object"
        after_verb = _is_participle(words, place - 1) or _is_adverb(before)
        return "participle, object" if after_verb else "noun, determiner"
    if first.endswith("ant") and not (place + 1 < len(words) and words[place + 1].verb):
        return "participle"
    if first in ADVERBS or first == "si":
        return "adverb"
    return "adjective, group" if _is_adjective_group(words, place) else "other"


def _is_adjective_group(words: Sequence[Word], place: int) -> bool:
    """Return whether an adjective or participle with a complement begins: `vêtu | en fermier`."""
    return (
        is_participle(words[place].token.last)
        and until_mark(words, place) >= LONG_GROUP_WORDS
        and not words[place].token.mark
        and place + 1 < len(words)
        and words[place + 1].token.first in PREPOSITIONS
        and words[place + 1].token.first not in OF
        and not _is_adverb(words[place - 1].token.last)
        and all(
            AUXILIARIES.isdisjoint(word.token.parts) for word in words[max(0, place - 2) : place]
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
    following = second(words, place)
    if following in SUBJECT_PRONOUNS or following in RELATIVES:
        return "coordinator, clause"
    if has_subject_and_verb(words, place + 1) and follows_verb(words, place):
        return "coordinator, clause"
    if begins_clause(words, place) or (place + 1 < len(words) and begins_clause(words, place + 1)):
        return "coordinator, verb"
    is_group = group_size(words, place) >= GROUP_WORDS and (
        following in DETERMINERS or following in PREPOSITIONS or is_infinitive(following)
    )
    return "coordinator, group" if is_group else "coordinator, word"


def _clause_kind(words: Sequence[Word], place: int) -> str:
    if words[place].token.first in SUBJECT_PRONOUNS:
        return "fronted, clause"
    size = subject_size(words, place)
    if size >= LONG_GROUP_WORDS:
        return "long subject, verb"
    return "subject, verb" if size >= 2 else "pronoun, verb"


def _is_free(before: str, word: str) -> bool:
    """Return whether a word that is bound to most that follow is not bound to this one."""
    if before in FREE_BEFORE_GROUP and word in GROUP_STARTS:
        return word != "en" or before not in STRESSED_PRONOUNS
    return before in FREE_BEFORE_OBJECT and word in DEFINITE
