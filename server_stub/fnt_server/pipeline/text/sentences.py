"""Splits French paragraphs into sentences."""

from __future__ import annotations

import re
from collections.abc import Iterator

import msgspec

from fnt_server.pipeline.text.abbreviations import is_abbreviation

_ENDS = re.compile(
    r"""
    (?P<mark>[.!?…]++(?:\s*+[!?…]+)*+)        # the mark itself, `? !` included
    (?P<close>(?:\s*+[»”])*+["’')\]]*+)       # what closes after it
    (?:(?P<gap>\s+)(?=(?P<open>(?:[«“"‘'(\[–—―-]\s*+)*+)(?P<next>.)))?
    """,
    re.VERBOSE,
)
_DIALOGUE = re.compile(r"\A\s*[-–—―«“\"]")


class FoundSentence(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A sentence of a paragraph."""

    text: str
    start: int
    """Its offset in the paragraph."""
    is_dialogue: bool
    """In a paragraph that opens with a dash or a quotation mark, or inside « … »."""


def iter_sentences(paragraph: str) -> Iterator[FoundSentence]:
    """Yield the sentences of a paragraph: all of its words, in order."""
    spoken = bool(_DIALOGUE.match(paragraph))
    start = depth = 0
    for end in _iter_ends(paragraph):
        text = paragraph[start:end].strip()
        if text:
            yield FoundSentence(
                text=text, start=start, is_dialogue=spoken or depth > 0 or "«" in text
            )
        depth = max(0, depth + text.count("«") - text.count("»"))
        start = end


def _iter_ends(paragraph: str) -> Iterator[int]:
    for match in _ENDS.finditer(paragraph):
        if not match["gap"] or match["next"].islower():
            continue
        if not _ends_with_abbreviation(paragraph, match):
            yield match.end()
    yield len(paragraph)


def _ends_with_abbreviation(paragraph: str, match: re.Match[str]) -> bool:
    """Return whether this is a single full stop that belongs to the word before it."""
    if match["mark"] != "." or match["close"].strip() or match["open"].strip():
        return False
    return is_abbreviation(paragraph, match.start(), match.start("next"))
