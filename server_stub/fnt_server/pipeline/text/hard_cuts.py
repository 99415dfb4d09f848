"""Split text far too long for a sentence, and mark the cut."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

import msgspec

MAX_WORDS: Final = 1000
"""Of a sentence; the longest of Hugo and Proust have about 850."""
MAX_CHARS: Final = 10_000
MARK: Final = "[…]"

_WORD = re.compile(r"[^\s—–/|]+[\s—–/|]*|[\s—–/|]+")


class Part(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A sentence, or a part of one that is too long."""

    text: str
    start: int
    """Its place in the sentence."""
    shown: str
    """The text, with MARK where the sentence was cut."""


def cut_hard(sentence: str) -> Iterator[Part]:
    """Yield the sentence, or parts of at most MAX_WORDS and MAX_CHARS."""
    if len(sentence) <= 2 * MAX_WORDS:
        yield Part(text=sentence, start=0, shown=sentence)
        return
    starts = list(_starts(sentence))
    for start, end in zip(starts, [*starts[1:], len(sentence)], strict=True):
        text = sentence[start:end].strip()
        if text:
            before = f"{MARK} " if start else ""
            after = f" {MARK}" if end < len(sentence) else ""
            yield Part(text=text, start=start, shown=before + text + after)


def _starts(sentence: str) -> Iterator[int]:
    """Yield where each part begins: between words, inside those longer than a part."""
    start = words = 0
    yield start
    for word in _WORD.finditer(sentence):
        if words == MAX_WORDS or (word.end() - start > MAX_CHARS and word.start() > start):
            start, words = word.start(), 0
            yield start
        words += 1
        while word.end() - start > MAX_CHARS:
            start, words = start + MAX_CHARS, 1
            yield start
