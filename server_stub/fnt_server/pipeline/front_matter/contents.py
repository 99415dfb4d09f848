"""Tables of contents among paragraphs: with summaries, or without page numbers."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Final

from fnt_server.pipeline.front_matter.groups import Item
from fnt_server.pipeline.front_matter.title_page import normalized

_TITLE = re.compile(
    r"(?<!\W)\W*(?:table(?:\s+(?:des\s+(?:mati[èe]res|chapitres|divisions|titres)|analytique|générale))?"
    r"|sommaire|contents|table of contents)\W*",
    re.IGNORECASE,
)
_NUMBERED = re.compile(r"(?:[\s.…·_]|^)(?:\d{1,4}|[ivxlc]{1,7})\.?\W*$", re.IGNORECASE)
_COUNT = re.compile(
    r"(?<!\W)\W*(?:(?:chapitre|livre|partie|tome|acte|lettre|chant|épisode)\s+\S"
    r"|(?:[ivxlc]{1,9}|\d{1,3})(?:\s?[.):–—-]|\s|$)|(?:premi|deuxi|secon|troisi|quatri|cinqui)\w+\s"
    r"(?:partie|livre|chapitre)|préface|avant-propos|introduction|prologue|épilogue|conclusion)",
    re.IGNORECASE,
)
_SUMMARY_WORDS: Final = 120
_FEWEST: Final = 3
_FEWEST_UNTITLED: Final = 4
_LOOKED_AHEAD: Final = 6
_MOSTLY: Final = 0.6


def find_contents(items: Sequence[Item], *, headings: Counter[str]) -> Iterator[Sequence[Item]]:
    """Yield the items of each table of contents; `headings` counts those of the whole book."""
    k = 0
    while k < len(items):
        end = 0
        if _TITLE.fullmatch(items[k].text):
            end = _end(items, k, k + 1, headings, fewest=_FEWEST)
        elif not items[k].evidence.is_sentence:
            end = _end(items, k, k, headings, fewest=_FEWEST_UNTITLED)
        if end:
            yield items[k:end]
        k = max(end, k + 1)


def _end(
    items: Sequence[Item], start: int, first: int, headings: Counter[str], *, fewest: int
) -> int:
    """Return where the entries from `first` on end, 0 if they are too few.

    Without a title, all of them must be headings of the book.
    """
    seen: set[str] = set()
    end, sentence_words = first, 0
    for k in range(first, len(items)):
        item = items[k]
        entries = _entries(item, headings, only_headings=start == first)
        if entries:
            if entries & seen or _opens_text(items, k):
                break
            seen |= entries
            end, sentence_words = k + 1, 0
            continue
        sentence_words += item.evidence.words
        if start == first or _is_beyond(item) or sentence_words > _SUMMARY_WORDS:
            break
        is_last = k + 1 == len(items)
        if seen and (is_last or _entries(items[k + 1], headings, only_headings=False)):
            end = k + 1  # a summary
    return end if len(seen) >= fewest else 0


def _is_beyond(item: Item) -> bool:
    return item.is_heading or item.announces is not None or item.evidence.is_sure


def _entries(item: Item, headings: Counter[str], *, only_headings: bool) -> set[str]:
    """Return the entries that a paragraph is, normalized; several if they were read as one."""
    if _recurs(item.text, headings, own=item.is_heading):
        return {normalized(item.text)}
    listed = {
        normalized(line) for line in item.lines if _recurs(line, headings, own=item.is_heading)
    }
    if len(listed) >= _MOSTLY * len(item.lines):
        return listed
    if only_headings or item.evidence.words > _SUMMARY_WORDS:
        return set()
    if item.evidence.is_sentence and item.evidence.is_told:
        return set()
    ends = [line for line in item.lines if _NUMBERED.search(line)]
    if ends or _COUNT.match(item.text):
        return {normalized(line) for line in ends} or {normalized(item.text)}
    return set()


def _recurs(text: str, headings: Counter[str], *, own: bool) -> bool:
    return headings[normalized(_NUMBERED.sub("", text)) or normalized(text)] > own


def _opens_text(items: Sequence[Item], place: int) -> bool:
    """Return whether the text of a chapter follows, neither the next entry nor a summary."""
    words = count = 0
    for item in items[place + 1 : place + 1 + _LOOKED_AHEAD]:
        if item.is_heading or _NUMBERED.search(item.text) or _COUNT.match(item.text):
            break
        words += item.evidence.words
        count += 1
    return (count > 1 and words > _SUMMARY_WORDS // 4) or words > _SUMMARY_WORDS
