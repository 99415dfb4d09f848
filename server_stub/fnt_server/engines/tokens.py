"""Words of a sentence, with adjacent punctuation marks and features."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from itertools import pairwise
from string import ascii_uppercase
from typing import Final, Literal

import msgspec

from fnt.wire.words import count_words
from fnt_server.engines.lexicon import BOUND, OBJECTS, SUBJECTS, TITLES
from fnt_server.engines.verb_forms import (
    VerbForm,
    is_verb,
    is_verb_after,
    verb_form,
    verb_form_of_name,
)

_TOKEN = re.compile(r"([^\W_][^\s—]*+)|([«“(\[–-]++(?![^\s—])|—)|[^\s—]++")
"""What begins with a letter or digit; only opening marks; anything else, perhaps with letters."""
_WORD, _ONLY_OPENER = 1, 2
_PART = re.compile(r"[^\W_]+")
_OPENER = re.compile(r"[«“(\[–—-]")
_STRONG: Final = frozenset(';:!?…»”)]".')
_MAY_BE_ABBREVIATED: Final = TITLES | frozenset(ascii_uppercase)
_ABBREVIATION = re.compile(rf"(?:^|\W)(?:{'|'.join(sorted(TITLES))})\.?$|(?:^|\W)[A-Z]\.$")

_BEFORE_OBJECT: Final = SUBJECTS - {"lui", "leur", "y", "s", "vous", "nous"}
_LONGEST_KEPT: Final = 60
"""Maximum length of a cached token; longer ones are not words and would fill the memory."""

Mark = Literal["", "comma", "strong"]


class Token(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A word with the marks attached to it."""

    weight: int
    """Number of words it counts as; more than one if a dash, slash, or bar joins several."""
    parts: tuple[str, ...]
    """Lowercase parts: `l’avait-il` has three."""
    first: str
    last: str
    opens: bool
    """Whether it opens a quotation, a parenthesis, or direct speech."""
    quotes: bool
    """Whether it opens a quotation."""
    mark: Mark
    """The mark that follows it."""
    abbreviated: bool
    binds: bool
    """Whether whatever follows belongs to it: `la`, `très`."""
    verb_form: VerbForm
    """Of the first part."""
    elided_form: VerbForm
    """Of what follows an elided `l’`."""
    may_be_verb: bool
    """Whether it is a finite verb after some word."""
    verb_inside: bool
    """Whether a part other than the first is a finite verb."""
    capitalized: bool
    numeric: bool


class Word(msgspec.Struct, frozen=True, gc=False):
    """A token at its position in the sentence."""

    start: int
    """Offset in the sentence."""
    token: Token
    verb: bool
    """Whether it contains a finite verb, judging by its form and the preceding word."""


def read_words(sentence: str) -> list[Word]:
    """Return the words of a sentence; a standalone mark is attached to an adjacent word."""
    words: list[Word] = []
    before = ""
    starts = _starts(sentence)
    for start, end in zip(starts, [*starts[1:], len(sentence)], strict=False):
        token = _read(sentence[start:end].rstrip())
        words.append(Word(start, token, token.may_be_verb and _has_verb(token, before)))
        if not (token.last in OBJECTS and before in _BEFORE_OBJECT):
            before = token.last
    return words


def has_finite_verb(sentence: str) -> bool:
    """Return whether a word is a finite verb, judging by its form and the preceding word."""
    before = ""
    for text in sentence.split():
        token = _read(text)
        if token.may_be_verb and _has_verb(token, before):
            return True
        if token.last and not (token.last in OBJECTS and before in _BEFORE_OBJECT):
            before = token.last
    return False


def _starts(sentence: str) -> list[int]:
    """Return the offset of each word; an opening mark belongs to the next word."""
    starts: list[int] = []
    opened: int | None = None
    for token in _TOKEN.finditer(sentence):
        kind = token.lastindex
        if kind == _ONLY_OPENER:
            opened = token.start() if opened is None else opened
            continue
        if kind == _WORD or not starts or _PART.search(token[0]):
            starts.append(token.start() if opened is None else opened)
        opened = None
    return starts


def _read(text: str) -> Token:
    """Return a word's features; cached, because most words occur many times."""
    return _read_and_keep(text) if len(text) <= _LONGEST_KEPT else _read_anew(text)


@lru_cache(maxsize=1 << 16)
def _read_and_keep(text: str) -> Token:
    return _read_anew(text)


def _read_anew(text: str) -> Token:
    words = _PART.findall(text)
    parts = tuple(word.lower() for word in words)
    abbreviated = (
        bool(words) and words[-1] in _MAY_BE_ABBREVIATED and bool(_ABBREVIATION.search(text))
    )
    mark: Mark = "" if abbreviated else _mark_after(text)
    form = _first_form(words)
    elided_form = verb_form(parts[1]) if len(parts) > 1 and parts[0] == "l" else "never"
    verb_inside = len(parts) > 1 and any(is_verb(part, above) for above, part in pairwise(parts))
    return Token(
        weight=count_words(text),
        parts=parts,
        first=parts[0] if parts else "",
        last=parts[-1] if parts else "",
        opens=bool(_OPENER.match(text)),
        quotes=text.startswith(("«", "“")),
        mark=mark,
        abbreviated=abbreviated,
        binds=not (mark or abbreviated) and bool(parts) and parts[-1] in BOUND,
        verb_form=form,
        elided_form=elided_form,
        may_be_verb=verb_inside or form != "never" or elided_form != "never",
        verb_inside=verb_inside,
        capitalized=bool(words) and words[-1][0].isupper(),
        numeric=bool(parts) and all(part.isdigit() for part in parts),
    )


def _mark_after(text: str) -> Mark:
    if text[-1:].isalnum():
        return ""
    marks = set(text[len(text.rstrip(" \u00a0\u202f,;:.!?…»”)]\"'’")) :])
    if marks & _STRONG:
        return "strong"
    return "comma" if "," in marks else ""


def _first_form(words: Sequence[str]) -> VerbForm:
    if not words:
        return "never"
    form = verb_form_of_name if words[0][0].isupper() else verb_form
    return form(words[0].lower())


def _has_verb(token: Token, before: str) -> bool:
    if token.verb_inside or is_verb_after(token.verb_form, before):
        return True
    return before in _BEFORE_OBJECT and is_verb_after(token.elided_form, before)
