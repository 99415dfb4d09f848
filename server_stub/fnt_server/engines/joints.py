"""Scores cuts between two words for readability, by the kind of joint.

Scores use the scale of the people who labeled gaps in French sentences: 3 is a natural pause, 2
leaves a sense group on each side, 1 makes the reader hold something in mind, 0 breaks a unit.
`WORTH` was derived from the labels of each kind.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from fnt_server.engines.joint_kinds import joint_kind
from fnt_server.engines.lexicon import NEGATIONS
from fnt_server.engines.tokens import Word

NATURAL_PAUSE: Final = 3.0
INSEPARABLE: Final = -10.0
"""Score after `M.` or inside a number: cut only if the limit cannot be kept otherwise."""
LEFT_ALONE_WORDS: Final = 2
"""So few words before a mark or an end are an orphan."""

WORTH: Final = {
    "inseparable": INSEPARABLE,
    "strong mark": 2.9,
    "comma, clause": 2.5,
    "comma, coordinator": 2.8,
    "comma, long group": 2.4,
    "comma, insertion": 1.6,
    "comma, short group": 2.0,
    "comma, after function word": 1.2,
    "proclitic": -0.5,
    "auxiliary, group": 0.3,
    "unit": 0.0,
    "modal": 0.0,
    "only": 0.9,
    "relative": 2.1,
    "subordinate": 2.1,
    "comparison": 1.4,
    "coordinator, clause": 2.3,
    "coordinator, verb": 2.1,
    "coordinator, group": 1.3,
    "coordinator, word": 0.9,
    "preposition, group": 1.7,
    "preposition, word": 0.5,
    "verb, preposition": 1.5,
    "verb, parted object": 1.1,
    "to, group": 1.45,
    "to, word": 0.6,
    "of, group": 0.75,
    "of, word": 0.4,
    "verb, of": 0.95,
    "of, infinitive": 1.3,
    "to, infinitive": 1.0,
    "fronted, clause": 1.4,
    "long subject, verb": 1.1,
    "subject, verb": 0.95,
    "pronoun, verb": 0.2,
    "verb, object": 0.8,
    "infinitive, object": 0.9,
    "verb, other": 0.25,
    "noun, determiner": 1.5,
    "participle, object": 0.9,
    "adjective, group": 1.4,
    "participle": 1.3,
    "adverb": 0.4,
    "other": 0.25,
}


def joint_worth(words: Sequence[Word], place: int) -> float:
    """Return the score of a cut before the word at `place`, 0 to 3; negative for never."""
    left, right = words[place - 1].token, words[place].token
    if left.binds and right.first not in NEGATIONS and (right.quotes or not right.opens):
        return WORTH["proclitic"]  # a quick answer for most
    worth = WORTH[joint_kind(words, place)]
    if worth <= 0 or left.mark or right.opens:
        return worth
    is_orphan = _is_orphan_after(words, place) or _is_orphan_before(words, place)
    return worth - 1 if is_orphan else worth


def _is_orphan_after(words: Sequence[Word], place: int) -> bool:
    """Return whether only one or two words follow before a mark or the end."""
    size = 0
    for word in words[place : place + LEFT_ALONE_WORDS + 1]:
        size += word.token.weight
        if size > LEFT_ALONE_WORDS:
            return False
        if word.token.mark:
            break
    return True


def _is_orphan_before(words: Sequence[Word], place: int) -> bool:
    """Return whether only one or two words precede after a mark or the begin."""
    size = 0
    for word in reversed(words[max(0, place - LEFT_ALONE_WORDS - 1) : place]):
        if size and word.token.mark:
            break
        size += word.token.weight
        if size > LEFT_ALONE_WORDS:
            return False
        if word.token.opens:
            break
    return True
