"""What stands after the last chapter."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from fnt_server.pipeline.front_matter.contents_finder import ContentsFinder
from fnt_server.pipeline.front_matter.groups import (
    Item,
    group,
    text_words_of,
)
from fnt_server.pipeline.front_matter.verdicts import (
    PASSAGE_WORDS,
    Reasons,
    all_of,
    is_announced,
    is_mostly_other,
)
from fnt_server.pipeline.text.paragraphs import PlacedParagraph

_BACK_WORDS: Final = 500
_MOST_ITEMS: Final = 3000
"""Of a catalog; more than any has."""


def judge_back(items: Sequence[Item], contents: ContentsFinder) -> Reasons:
    """Return what stands after the last chapter and is not the author's."""
    reasons = contents.of(items)
    groups = list(group(items))
    tail: Reasons = {}
    begin = len(groups)
    while begin:
        one = groups[begin - 1]
        rest = one.without(set(reasons))
        text_words = text_words_of(rest)
        if text_words >= PASSAGE_WORDS and not (
            is_announced(one, rest) or is_mostly_other(rest, text_words)
        ):
            tail = _after_text(rest)
            break
        begin -= 1
    reasons |= tail
    is_over = bool(tail)
    for one in groups[begin:]:
        rest = one.without(set(reasons))
        announced = is_announced(one, rest)
        is_over = (
            is_over
            or announced
            or (not one.is_labeled and any(item.reason for item in rest))
            or (not one.labels and bool(rest) and rest[0].reason is not None)
        )
        is_whole = is_over and (announced or not text_words_of(rest))
        reasons |= all_of(rest, keep_dedications=False) if is_whole else _after_text(rest)
    return reasons


def _after_text(items: Sequence[Item]) -> Reasons:
    """Return what stands after the last text, from the first sign that it is not text."""
    last = max((k for k, item in enumerate(items) if item.is_text), default=-1)
    tail = items[last + 1 :]
    signs = [k for k, item in enumerate(tail) if item.reason]
    if len(signs) > 1 or any(tail[k].evidence.is_sure or tail[k].announces for k in signs):
        return all_of(tail[signs[0] :], keep_dedications=False)
    return {}


def back_items(found: Sequence[PlacedParagraph], author: str | None, *, least: int) -> list[Item]:
    """Return the last items: back to where much text follows without anything else."""
    items: list[Item] = []
    text_words = 0
    for index in range(len(found) - 1, least - 1, -1):
        item = Item.of(index, found[index], author=author)
        items.append(item)
        text_words = text_words + item.evidence.words * item.is_text if not item.reason else 0
        if text_words > _BACK_WORDS or len(items) == _MOST_ITEMS:
            break
    return items[::-1]
