"""Words of a sentence, with adjacent punctuation marks and features."""

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
"""Maximum length of a cached token; longer ones are not words and would fill the memory."""

Mark = Literal["", "comma", "strong"]


@dataclass(frozen=True, slots=True)
class Token:
    """A word with the marks attached to it."""

    weight: int
    """Number of words it counts as; more than one if a dash, slash, or bar joins several."""
    parts: tuple[str, ...]
    """Lowercase parts: `l’avait-il` has three."""
    first: str
    last: str
    opens: bool
    """Whether it opens a quotation, a parenthesis, or direct speech."""
    mark: Mark
    """The mark that follows it."""
    abbreviated: bool
    verb_inside: bool
    """Whether a part other than the first is a finite verb."""
    capitalized: bool
    numeric: bool


class Word(NamedTuple):
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
        words.append(Word(start, token, _has_verb(token, before)))
        before = token.last
    return words


def _starts(sentence: str) -> list[int]:
    """Return the offset of each word; an opening mark belongs to the next word."""
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
    """Return a word's features; cached, because most words occur many times."""
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
