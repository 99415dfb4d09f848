"""Splits French paragraphs into sentences."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

_ENDS = re.compile(
    r"""
    (?P<mark>[.!?…]++(?:\s*+[!?…]+)*+)        # the mark itself, `? !` included
    (?P<close>(?:\s*+[»”])*+["’')\]]*+)       # what closes after it
    (?:(?P<gap>\s+)(?=(?P<open>(?:[«“"‘'(\[–—―-]\s*+)*+)(?P<next>.)))?
    """,
    re.VERBOSE,
)
_LAST_WORD = re.compile(r"(?<![^\W_])([^\W_]++)°?$")
_ROMAN = re.compile(r"\b[IVXLC]+\b(?![’'])")
_ERA = re.compile(r"\b(?:av|apr|ap)\.\s*J\.\s*-\s*C$")
_ABBREVIATIONS: Final = frozenset(
    """M MM Mr Mrs MR Mme MME Mmes Mlle MLLE Mlles Mgr Mgrs Me Mes Dr Drs Pr St Ste Sts Stes Vve Sr
    Jr Esq Cf cf Cie Ch Ph Th Chr Cl Fr Gal Cdt Cap Capt Lt Col Sgt LL AA""".split()
)
_BEFORE_NUMBER: Final = frozenset(
    "n no nos h p pp art ch chap vol t liv fig v vers env rue bd".split()
)
_BEFORE_ERA: Final = frozenset(("av", "apr", "ap"))
_DIALOGUE = re.compile(r"\A\s*[-–—―«“\"]")


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundSentence:
    """A sentence as it stands in the paragraph."""

    text: str
    start: int
    """Its place in the paragraph."""
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
        if match["gap"] and not match["next"].islower() and not _is_abbreviation(paragraph, match):
            yield match.end()
    yield len(paragraph)


def _is_abbreviation(paragraph: str, match: re.Match[str]) -> bool:
    """Tell whether a single full stop belongs to the word before it."""
    if match["mark"] != "." or match["close"].strip():
        return False
    before = _LAST_WORD.search(paragraph[max(0, match.start() - 12) : match.start()])
    if before is None:
        return False
    word, following = before[1], match["next"]
    if word in _ABBREVIATIONS:
        return not match["open"].strip()
    if word.lower() in _BEFORE_NUMBER:
        place = match.start("next")
        if following.isdigit() or _ROMAN.match(paragraph, place):
            return True
    if word in _BEFORE_ERA and paragraph.startswith("J.", match.start("next")):
        return True
    if _ERA.search(paragraph[max(0, match.start() - 12) : match.start()]):
        return False
    return len(word) == 1 and word.isupper() and not match["open"].strip()
