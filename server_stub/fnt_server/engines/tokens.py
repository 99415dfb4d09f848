"""The words of a sentence with their marks, and the features of each."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from typing import Final, Literal, NamedTuple

from fnt.wire.words import count_words
from fnt_server.engines.lexicon import TITLES, is_verb

_TOKEN = re.compile(r"[^\s—]+|—")
_PART = re.compile(r"[^\W_]+")
_ONLY_OPENER = re.compile(r"[«“(\[–—-]+")
_OPENER = re.compile(r"[«“(\[–—-]")
_STRONG: Final = frozenset(';:!?…»”)]".')
_ABBREVIATION = re.compile(rf"(?:^|\W)(?:{'|'.join(sorted(TITLES))})\.?$|(?:^|\W)[A-Z]\.$")

_LONGEST_KEPT: Final = 60
"""Longer tokens are not words, and caching them would fill the memory over many books."""

Mark = Literal["", "comma", "strong"]


@dataclass(frozen=True, slots=True)
class Token:
    """A word of a sentence, with the marks attached to it."""

    weight: int
    """How many words it counts as: more than one if a bar or dash joins several."""
    parts: tuple[str, ...]
    """In lower case: `l’avait-il` has three."""
    first: str
    last: str
    opens: bool
    """It opens a quotation, an aside or a speech."""
    mark: Mark
    """The mark after it."""
    abbreviated: bool
    verb_inside: bool
    """One of the parts after the first is a finite verb."""
    capitalized: bool
    numeric: bool


class Word(NamedTuple):
    """A token in its sentence."""

    start: int
    """Offset in the sentence."""
    token: Token
    verb: bool
    """It contains a finite verb, judging by its form and the word before it."""


def read_words(sentence: str) -> list[Word]:
    """Return the words of a sentence; marks that stand alone go with a neighbor."""
    words: list[Word] = []
    before = ""
    starts = _starts(sentence)
    for start, end in zip(starts, [*starts[1:], len(sentence)], strict=False):
        token = _read(sentence[start:end].rstrip())
        words.append(Word(start, token, _has_verb(token, before)))
        before = token.last
    return words


def _starts(sentence: str) -> list[int]:
    """Return where each word begins; opening marks go with the next word."""
    starts: list[int] = []
    opened: int | None = None
    for token in _TOKEN.finditer(sentence):
        text = token.group()
        if not text[0].isalnum() and _ONLY_OPENER.fullmatch(text):
            opened = token.start() if opened is None else opened
        elif text[0].isalnum() or _PART.search(text) or not starts:
            starts.append(token.start() if opened is None else opened)
            opened = None
        else:
            opened = None
    return starts


def _read(text: str) -> Token:
    """Return the features of a word; cached, because most words repeat."""
    return _read_and_keep(text) if len(text) <= _LONGEST_KEPT else _read_anew(text)


@lru_cache(maxsize=1 << 16)
def _read_and_keep(text: str) -> Token:
    return _read_anew(text)


def _read_anew(text: str) -> Token:
    words = _PART.findall(text)
    parts = tuple(word.lower() for word in words)
    abbreviated = bool(_ABBREVIATION.search(text))
    return Token(
        weight=count_words(text),
        parts=parts,
        first=parts[0] if parts else "",
        last=parts[-1] if parts else "",
        opens=bool(_OPENER.match(text)),
        mark="" if abbreviated else _mark_after(text),
        abbreviated=abbreviated,
        verb_inside=any(is_verb(part, above) for above, part in pairwise(parts)),
        capitalized=bool(words) and words[-1][0].isupper(),
        numeric=bool(parts) and all(part.isdigit() for part in parts),
    )


def _mark_after(text: str) -> Mark:
    marks = set(text[len(text.rstrip(" \u00a0\u202f,;:.!?…»”)]\"'’")) :])
    if marks & _STRONG:
        return "strong"
    return "comma" if "," in marks else ""


def _has_verb(token: Token, before: str) -> bool:
    return token.verb_inside or (bool(token.parts) and is_verb(token.first, before))
