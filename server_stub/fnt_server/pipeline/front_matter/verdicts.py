"""What of some paragraphs is not the author's text, by their evidence."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from fnt_server.pipeline.document import Reason
from fnt_server.pipeline.front_matter import title_page
from fnt_server.pipeline.front_matter.groups import (
    Group,
    Item,
    main_reason,
    words_of,
)

Reasons = dict[int, Reason]
"""Why a paragraph is left out, by its index."""


PASSAGE_WORDS: Final = 30
"""Words of sentences that show that a group is text."""
_MOST_SHARE: Final = 0.6


def before_text(items: Sequence[Item]) -> Sequence[Item]:
    """Return the items above the first sentence of the text."""
    return items[: next((k for k, item in enumerate(items) if item.is_text), len(items))]


def is_dedication(item: Item) -> bool:
    """Return whether it reads like a dedication, or the beginning of an epigraph."""
    opens = item.text.lstrip().startswith(("«", "“", '"'))
    return opens or bool(title_page.DEDICATION.match(item.text))


def is_mostly_other(items: Sequence[Item], text_words: int) -> bool:
    """Return whether most of it is sure to be no text, and none of it a story."""
    sure = any(item.evidence.is_sure for item in items)
    return sure and text_words < _MOST_SHARE * words_of(items) and not tells_story(items)


def is_announced(one: Group, items: Sequence[Item]) -> bool:
    """Return whether its title is that of front or back matter, and no story belies it."""
    proved = any(item.evidence.reason for item in items)
    return one.is_announced and (proved or not tells_story(items))


def tells_story(items: Sequence[Item]) -> bool:
    """Return whether a passage of it is about persons."""
    text_words = [item for item in items if item.is_text and item.evidence.is_told]
    return words_of(text_words) >= PASSAGE_WORDS


def all_of(items: Sequence[Item], *, keep_dedications: bool) -> Reasons:
    """Return all of these, each with its own reason or that of most.

    Prose among what seems to be a list of books stays, unless a title announces the list.
    """
    main = main_reason(items) or "imprint"
    keep_prose = main == "list of books" and not any(item.announces for item in items)
    return {
        item.index: item.reason or main
        for item in items
        if item.reason
        or not (
            (keep_dedications and is_dedication(item)) or (keep_prose and item.evidence.is_prose)
        )
    }
