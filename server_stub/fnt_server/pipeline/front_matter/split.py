"""Tells the author's text from what is printed before and after it.

Only what is proved is left out: by what it says, by where it stands, by how it is set. A preface,
a dedication and an epigraph are text; so is what nothing is known about.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Final

from fnt_server.pipeline.extraction.book_info import BookInfo
from fnt_server.pipeline.front_matter import title_page
from fnt_server.pipeline.front_matter.back import back_items, judge_back
from fnt_server.pipeline.front_matter.book_titles import read_titles
from fnt_server.pipeline.front_matter.contents_finder import ContentsFinder
from fnt_server.pipeline.front_matter.endnotes import find_endnotes
from fnt_server.pipeline.front_matter.front import front_items, judge_front
from fnt_server.pipeline.front_matter.groups import excerpt, group
from fnt_server.pipeline.front_matter.verdicts import Reasons
from fnt_server.pipeline.text.paragraphs import PlacedParagraph

_MOST_SHARE: Final = 0.6


@dataclass(frozen=True, slots=True, kw_only=True)
class FrontMatter:
    """What is not the author's text, by index of the paragraph, and what the book is called."""

    reasons: Reasons
    info: BookInfo
    called: frozenset[str] = frozenset()
    """Marks of the notes behind the text."""


def find_front_matter(
    found: Sequence[PlacedParagraph], *, info: BookInfo, contents_pages: Collection[int] = ()
) -> FrontMatter:
    """Find front and back matter, notes behind the text included.

    `info` is what the file says about itself; `contents_pages` begin with rows of a table of
    contents, which were found already.
    """
    notes = find_endnotes(found)
    own = [index for index in range(len(found)) if index not in notes]
    matter = _around_text([found[index] for index in own], info, contents_pages)
    reasons = {own[index]: reason for index, reason in matter.reasons.items()}
    return FrontMatter(
        reasons=reasons | dict.fromkeys(notes, "endnote"),
        info=matter.info,
        called=frozenset().union(*notes.values()),
    )


def _around_text(
    found: Sequence[PlacedParagraph], info: BookInfo, contents_pages: Collection[int]
) -> FrontMatter:
    info = BookInfo(
        title=title_page.plausible_title(info.title),
        author=title_page.plausible_author(info.author),
    )
    headings = Counter(
        title_page.normalized(excerpt(one.paragraph.text))
        for one in found
        if one.paragraph.kind == "heading"
    )
    front = front_items(found, info.author)
    info = read_titles(list(group(front)), info)
    contents = ContentsFinder(headings=headings, pages=contents_pages)
    reasons = judge_front(front, contents, info)
    back = back_items(found, info.author, least=max(reasons, default=-1) + 1)
    reasons |= judge_back(back, contents)
    sizes = [len(one.paragraph.text) for one in found]
    if sum(sizes[index] for index in reasons) > _MOST_SHARE * sum(sizes):
        reasons = {}
    return FrontMatter(reasons=reasons, info=info)
