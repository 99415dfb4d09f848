"""What stands before the first chapter."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from fnt_server.pipeline.extraction.book_info import BookInfo
from fnt_server.pipeline.front_matter import title_page
from fnt_server.pipeline.front_matter.book_titles import (
    as_title_page,
    is_title_page,
    may_be_title_page,
    titles_above,
)
from fnt_server.pipeline.front_matter.contents_finder import ContentsFinder
from fnt_server.pipeline.front_matter.groups import (
    Group,
    Item,
    group,
    main_reason,
    text_words_of,
)
from fnt_server.pipeline.front_matter.verdicts import (
    PASSAGE_WORDS,
    Reasons,
    all_of,
    before_text,
    is_announced,
    is_mostly_other,
    tells_story,
)
from fnt_server.pipeline.text.paragraphs import PlacedParagraph

_CHAPTER_WORDS: Final = 150
_FRONT_WORDS: Final = 4000
"""Of sentences; prefaces included."""
_MOST_ITEMS: Final = 1000
_LIFE_WORDS: Final = 250
"""Sentences that may stand between two signs: what a site says of the author's life."""
_PREFACES: Final = (
    "preface", "avantpropos", "avertissement", "introduction", "notice", "aulecteur",
)  # fmt: skip


def front_items(found: Sequence[PlacedParagraph], author: str | None) -> list[Item]:
    """Return the first items: the front matter, and the beginning of the text."""
    items: list[Item] = []
    text_words = 0
    for index, placed in enumerate(found):
        items.append(Item.of(index, placed, author=author))
        text_words += items[-1].evidence.words if items[-1].is_text else 0
        if text_words > _FRONT_WORDS or len(items) == _MOST_ITEMS:
            break
    return items


def judge_front(items: Sequence[Item], contents: ContentsFinder, info: BookInfo) -> Reasons:
    """Return what stands before the first chapter and is not the author's."""
    reasons = contents.of(items)
    text_words = 0
    is_preface = False
    for one in group(items):
        rest = one.without(set(reasons))
        if not rest:
            continue
        judged = _judge_group(one, rest, info, is_first=one.items[0].index == 0)
        reasons |= judged
        words = text_words_of([item for item in rest if item.index not in judged])
        text_words += words
        if rest[0].is_heading:
            is_preface = title_page.normalized(rest[0].text).startswith(_PREFACES)
        is_chapter = one.is_labeled and words >= PASSAGE_WORDS
        if not is_preface and (is_chapter or text_words >= _CHAPTER_WORDS):
            end = one.items[-1].index
            return {index: reason for index, reason in reasons.items() if index <= end}
    return reasons


def _judge_group(one: Group, items: Sequence[Item], info: BookInfo, *, is_first: bool) -> Reasons:
    text_words = text_words_of(items)
    announced = is_announced(one, items)
    if (one.is_labeled or one.is_announced) and not announced:
        return {}
    is_wrapping = announced or any(item.reason for item in items)
    is_page = not text_words and not announced and may_be_title_page(items)
    if is_page and is_title_page(items, info, is_first=is_first):
        return as_title_page(items, info)
    if not is_wrapping:
        return titles_above(items, info) if is_first else {}
    if not text_words or announced or is_mostly_other(items, text_words):
        items = _through_signs(items)
        return all_of(items, keep_dedications=main_reason(items) != "list of books")
    return _until_last_sign(items)


def _through_signs(items: Sequence[Item]) -> Sequence[Item]:
    """Return the items up to where much text follows without any sign that it is not text."""
    end = text_words = 0
    for k, item in enumerate(items, 1):
        if item.reason or not item.is_text:
            if text_words > _LIFE_WORDS:
                break
            end = k if item.reason or not text_words else end
            text_words = 0 if item.reason else text_words
        else:
            text_words += item.evidence.words
    is_over = text_words <= _LIFE_WORDS and not (text_words and tells_story(items[end:]))
    return items if is_over else items[:end]


def _until_last_sign(items: Sequence[Item]) -> Reasons:
    """Return what stands before the first text, up to the last sign that it is not text."""
    head = before_text(items)
    last = max((k for k, item in enumerate(head) if item.reason), default=-1)
    return all_of(head[: last + 1], keep_dedications=True)
