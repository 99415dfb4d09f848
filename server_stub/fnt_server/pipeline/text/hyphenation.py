"""Rejoins words hyphenated at line ends, using the vocabulary of the book."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import chain
from typing import Final

from fnt_server.pipeline.layout.geometry import HYPHEN, SOFT_HYPHEN
from fnt_server.pipeline.text.compounds import (
    ends_in_mute_e,
    ends_like_word,
    goes_on_like_verb,
    is_compound,
    is_foreign,
    is_whole,
    may_begin,
)
from fnt_server.pipeline.text.identifiers import (
    WRAPPING,
    find_identifiers,
    first_word,
    goes_on,
    is_identifier,
    is_open,
    last_word,
)

FORMS: Final = 64
"""Maximum number of forms considered per word; French verbs have fewer distinct ones."""

_PART = re.compile(r"[^\W\d_]+")
_LAST_PART = re.compile(r"(?<![^\W_])[^\W_]*+$")
_OLD_HYPHEN = re.compile(r"(?<![^\W\d_])([^\W\d_]++)- (?!(?:et|ou|ni|à)(?![\w-]))(?=([^\W\d_]++))")
"""A line-end hyphen of an earlier edition, now inside a line: `quin- zième`."""
_OLD_HALVES = re.compile(r"(?<![^\W\d_])[^\W\d_]++- [^\W\d_]++")
_FAR: Final = 100
"""Characters looked at on each side of a hyphen: more than the longest word."""
_SHORTEST: Final = 2
"""Letters that a program leaves on each side of a hyphen it adds."""
_LETTERS_BEFORE = re.compile(r"(?<![^\W\d_])[^\W\d_]++$")
_LETTERS_AFTER = re.compile(r"[^\W\d_]++")
_FIRST_PART = re.compile(r"[^\W_]*+")
_PAIR = re.compile(r"(?<![^\W\d_])([^\W\d_]++)-(?=([^\W\d_]++))")
_LINKED_BEFORE = re.compile(r"-([^\W\d_]++)$")
_LINKED_AFTER = re.compile(r"\A([^\W\d_]++)-")

_PRONOUNS: Final = frozenset("je tu il elle on ils elles le la les lui leur y en ce t".split())
_OBJECTS: Final = frozenset("le la les lui leur".split())
_LINKS: Final = frozenset("à au aux de des du en et l la le les lès par sous sur".split())
"""Words that link two others with hyphens: `haut-le-cœur`, `esprit-de-vin`."""
_FIRST_HALVES: Final = frozenset(
    "autre bien bon contre en entre mal outre par pour quelque sur toute toutes".split()
)
"""Words that longer words begin with: `pour|suivre`, `toute|fois`, `contre|temps`."""
_SECOND_HALVES: Final = frozenset("ment sans".split())
_ELIDED = re.compile(r"[dlst]['’]|t-(?:il|elle|on)", re.IGNORECASE)
_VOWELS: Final = frozenset("aàâäeéèêëiîïoôöuùûüœæ")
_PREFIXES: Final = frozenset(
    """anti archi auto bi bis co di dys dé dés extra hyper in inter mal micro més pan par per poly
    pro pré radio ré rétro sub super sur télé trans tri""".split()
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Vocabulary:
    """The words of a book that are not split at a line end, and its hyphenated pairs."""

    words: Counter[str]
    pairs: Counter[tuple[str, str]]
    sorted_words: list[str]
    sorted_pairs: list[tuple[str, str]]
    identifiers: frozenset[str]

    @classmethod
    def of(cls, texts: Iterable[str]) -> Vocabulary:
        """Count the words of lines, except those split at a line end."""
        texts = list(texts)
        words = Counter(chain.from_iterable(_whole_words(texts)))
        pairs = Counter(chain.from_iterable(_PAIR.findall(_lowered(t)) for t in texts if "-" in t))
        return cls(
            words=words,
            pairs=pairs,
            sorted_words=sorted(words),
            sorted_pairs=sorted(pairs),
            identifiers=find_identifiers(texts),
        )

    def count_related(self, left: str, right: str) -> tuple[int, int]:
        """Count words and pairs that begin like the joined word, as its other forms do.

        `permet|tant` is one word if the book has `permettait`.
        """
        start = right[: 2 if len(left) > 3 else 3]
        if len(start) < 2 or len(left) < 3:
            return 0, 0
        first_word = bisect_left(self.sorted_words, left + start)
        first_pair = bisect_left(self.sorted_pairs, (left, start))
        joined = sum(
            self.words[word]
            for word in self.sorted_words[first_word : first_word + FORMS]
            if word.startswith(left + start)
        )
        paired = sum(
            self.pairs[pair]
            for pair in self.sorted_pairs[first_pair : first_pair + FORMS]
            if pair[0] == left and pair[1].startswith(start)
        )
        return joined, paired

    def joins_by_hyphen(self, left: str, right: str) -> bool:
        """Return whether what begins like this is hyphenated: `anti-corps`, if `anti-gel` is."""
        if len(left) < 3 or len(right) < 4 or left[-1] == right[0] or goes_on_like_verb(right):
            return False
        if left in _FIRST_HALVES or right in _SECOND_HALVES or may_begin(left):
            return False
        begin = bisect_left(self.sorted_pairs, (left, ""))
        pairs = self.sorted_pairs[begin : begin + FORMS]
        paired = sum(one == left and len(other) > 2 for one, other in pairs)
        if paired < (1 if self.words[right] else 2):
            return False
        begin = bisect_left(self.sorted_words, left)
        starts = self.sorted_words[begin : begin + FORMS]
        joined = sum(
            word.startswith(left) and self.words[word.removeprefix(left)] > 0
            for word in starts
            if len(word) > len(left) + 2
        )
        return paired > joined


def _lowered(text: str) -> str:
    """Return a line in small letters, without words that an earlier edition split."""
    lowered = text.lower()
    return _OLD_HALVES.sub(" ", lowered) if "- " in lowered else lowered


def _whole_words(texts: Iterable[str]) -> Iterator[list[str]]:
    """Yield the words of each line but those split at its begin or its end."""
    divided = False
    for text in texts:
        begin, divided = int(divided), text.endswith(HYPHEN)
        parts = _PART.findall(_lowered(text))
        yield parts[begin : len(parts) - divided]


def without_old_hyphens(text: str, vocabulary: Vocabulary) -> str:
    """Return a line with words rejoined that were split at line ends of an earlier edition."""
    if "- " not in text:
        return text

    def rejoined(found: re.Match[str]) -> str:
        before = text[max(0, found.end(1) - _FAR) : found.end(1)]
        after = text[found.start(2) : found.start(2) + _FAR]
        if _is_sentence_end(before, found):
            return found.group()
        return found[1] + ("-" if keeps_hyphen(before, after, vocabulary) else "")

    return _OLD_HYPHEN.sub(rejoined, text)


def _is_sentence_end(before: str, found: re.Match[str]) -> bool:
    """Return whether a capital after a hyphen begins something else than a part of a name."""
    left, right = found[1], found[2]
    return right[0].isupper() and left[0].islower() and not _is_chain(before, right)


def keeps_hyphen(before: str, after: str, vocabulary: Vocabulary) -> bool:
    """Return whether the hyphen between two parts belongs to the word, as in `dit-il`.

    After SOFT_HYPHEN, return True only if that is certain.
    """
    if before.endswith(SOFT_HYPHEN):
        left, right = _last(before.removesuffix(SOFT_HYPHEN)).lower(), _first(after).lower()
        written = vocabulary.pairs[left, right] > vocabulary.words[left + right]
        return written or is_compound(left, right)
    in_identifier = _keeps_in_identifier(before, after, vocabulary)
    return _keeps_in_word(before, after, vocabulary) if in_identifier is None else in_identifier


def _keeps_in_word(before: str, after: str, vocabulary: Vocabulary) -> bool:
    first, second = _last(before), _first(after)
    if not (first.isalpha() and second.isalpha()) or before.endswith(("-t", "-T")):
        return True  # a number, or `demanda-t-elle`
    left, right = first.lower(), second.lower()
    joined, paired = vocabulary.words[left + right], vocabulary.pairs[left, right]
    if joined != paired or is_whole(left + right):
        return paired > joined
    if is_compound(left, right) or _is_own(before, after, vocabulary):
        return True
    akin_joined, akin_paired = vocabulary.count_related(left, right)
    if akin_joined != akin_paired:
        return akin_paired > akin_joined
    return _looks_compound(first, right, vocabulary)


def _keeps_in_identifier(before: str, after: str, vocabulary: Vocabulary) -> bool | None:
    """Return whether a hyphen is part of an identifier, None if it is in none.

    Most programs do not hyphenate them; those that do divide a word that the book may have.
    """
    left, right = last_word(before), first_word(after)
    if not is_identifier(f"{left}-{right}"):
        return None
    for joint in ("-", ""):
        if f"{left}{joint}{right}".strip(WRAPPING) in vocabulary.identifiers:
            return bool(joint)
    parts = _LETTERS_BEFORE.search(before), _LETTERS_AFTER.match(after)
    if not all(parts):
        return True
    one, other = (part.group() for part in parts if part)
    left, right = one.lower(), other.lower()
    joined, paired = vocabulary.words[left + right], vocabulary.pairs[left, right]
    if joined != paired:
        return paired > joined
    known = vocabulary.words[left] > 0 and (len(left) > 2 or vocabulary.words[right] > 0)
    return known or is_foreign(one, other) or min(len(one), len(other)) < _SHORTEST


def joins_lines(before: str, after: str, vocabulary: Vocabulary) -> bool:
    """Return whether a word goes on over a line end without a hyphen, as addresses do."""
    return is_open(before) and goes_on(before, after, vocabulary.identifiers)


def _looks_compound(first: str, right: str, vocabulary: Vocabulary) -> bool:
    """Return whether the parts of a word that the book has only here are words of their own."""
    left = first.lower()
    if right[0] in _VOWELS:
        # Words are split before a consonant: in three novels, 103 of 105 such hyphens belonged
        # to the word, and the other two came after a prefix.
        return left not in _PREFIXES and (left != "en" or vocabulary.words[right] > 0)
    if first[0].isupper():  # more often the begin of a name, `Angle|terre`, than of a compound
        return False
    if ends_like_word(left, right) or vocabulary.joins_by_hyphen(left, right):
        return True
    return vocabulary.words[left] > 0 and (
        _may_have_pronoun(left, right)
        or (left not in _FIRST_HALVES and ends_in_mute_e(left, right))
        or _are_words(left, right, vocabulary)
    )


def _may_have_pronoun(left: str, right: str) -> bool:
    """Return whether the first part may be an imperative, or a verb before `ce`."""
    return left.endswith("e") if right in _OBJECTS else right in _PRONOUNS


def _is_chain(before: str, after: str) -> bool:
    """Return whether one part is only a link: it has another hyphen or an apostrophe."""
    if _ELIDED.match(after):  # `vau-l’eau`, `amène-t-elle`
        return True
    links_back = _LINKED_BEFORE.search(before)
    links_on = _LINKED_AFTER.match(after)
    return any(found and found[1].lower() in _LINKS for found in (links_back, links_on))


def _is_own(before: str, after: str, vocabulary: Vocabulary) -> bool:
    """Return whether something beside the two parts shows that the hyphen is the word's."""
    first, second = _last(before), _first(after)
    is_name = second[0].isupper() and not first.isupper()
    is_word = vocabulary.words[first.lower()] > 0 or first.isupper()
    foreign = is_word and is_foreign(first, second)
    if is_name or foreign or _is_chain(before, after):
        return True
    return _is_link_of_chain(before, after, vocabulary)


def _is_link_of_chain(before: str, after: str, vocabulary: Vocabulary) -> bool:
    """Return whether two words of the book meet beside another hyphen: `add-to|cost-component`."""
    back, on = _LINKED_BEFORE.search(before), _LINKED_AFTER.match(after)
    if not (back or on):
        return False
    left, right = _last(before).lower(), _first(after).lower()
    return vocabulary.words[left] > 0 and vocabulary.words[right] > 0 and len(left) > 1


def _are_words(left: str, right: str, vocabulary: Vocabulary) -> bool:
    """Return whether both parts are too long and too frequent to be mere syllables."""
    if min(len(left), len(right)) < 4 or left in _FIRST_HALVES or right in _SECOND_HALVES:
        return False
    if left[-1] == right[0]:  # `tous|sait`: words are split between two of a kind
        return False
    fewest = 1 if len(left) > 4 and len(right) > 5 else 2
    return vocabulary.words[right] >= fewest


def _last(text: str) -> str:
    found = _LAST_PART.search(text)
    return found.group() if found else ""


def _first(text: str) -> str:
    found = _FIRST_PART.match(text)
    return found.group() if found else ""
