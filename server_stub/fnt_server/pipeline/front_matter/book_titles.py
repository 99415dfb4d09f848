"""Title and author of a book, and the pages that show them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from fnt_server.pipeline.extraction.book_info import BookInfo
from fnt_server.pipeline.front_matter import title_page
from fnt_server.pipeline.front_matter.groups import (
    Group,
    Item,
)
from fnt_server.pipeline.front_matter.verdicts import (
    Reasons,
    before_text,
    is_dedication,
)

_SHORT_WORDS: Final = 16


def read_titles(groups: Sequence[Group], info: BookInfo) -> BookInfo:
    """Return what is known of title and author together with what the first pages say."""
    lines = [line for one in groups for item in one.items for line in item.lines]
    said = title_page.read_labeled(lines)
    printed = title_page.normalized(" ".join(lines))
    title = _confirmed(info.title, printed) or said[0]
    author = _confirmed(info.author, printed) or said[1]
    known = [title, author]
    pages = [head for one in groups if (head := _head(one)) and may_be_title_page(head)]
    pages = [head for head in pages if not is_dedication(head[0])]
    best = max(
        pages,
        key=lambda page: (
            _says_title(page, known), max(item.size for item in page), -page[0].index,
        ),
        default=None,
    )  # fmt: skip
    if best and (_says_title(best, known) or _is_titled(best)):
        shown = [(item.text, item.size) for item in best if not item.evidence.is_sure]
        title, author = title_page.read_title_page(shown, title=title, author=author)
    if author is None and info.author and " " in info.author:
        author = info.author
    return BookInfo(title=title or info.title, author=author)


def _confirmed(said: str | None, printed: str) -> str | None:
    """Return what the file says if the first pages say so too."""
    return said if said and title_page.normalized(said) in printed else None


def _head(one: Group) -> Sequence[Item]:
    """Return what may be a title page: what stands alone, or at the very beginning."""
    head = before_text(one.items)
    is_alone = len(head) == len(one.items) or any(item.reason for item in head)
    if one.is_announced or one.is_labeled:
        return ()
    return head if is_alone or (head and head[0].index == 0 and len(head) > 1) else ()


def _is_titled(items: Sequence[Item]) -> bool:
    """Return whether a title is the first thing in the book."""
    return items[0].index == 0 and any(item.is_heading for item in items)


def may_be_title_page(items: Sequence[Item]) -> bool:
    """Return whether all of it is short, and no poem."""
    is_poem = 4 * sum(item.is_verse for item in items) > len(items)
    short = all(item.evidence.words <= _SHORT_WORDS or item.reason for item in items)
    return short and not is_poem


def _says_title(items: Sequence[Item], known: Sequence[str | None]) -> bool:
    return title_page.says_title((item.text for item in items), known=known)


def is_title_page(items: Sequence[Item], info: BookInfo, *, is_first: bool) -> bool:
    """Return whether short texts are a title page, or one of them the title alone."""
    texts = [item.text for item in items]
    known = [info.title, info.author]
    if len(texts) == 1:
        same = {title_page.normalized(name) for name in known if name}
        return title_page.normalized(texts[0]) in same
    return any(title_page.names(name, text) for name in known for text in texts) or (
        is_first and title_page.says_title(texts, known=known)
    )


def as_title_page(items: Sequence[Item], info: BookInfo) -> Reasons:
    """Return what is not a dedication, nor an epigraph with what is below it."""
    texts = [
        k
        for k, item in enumerate(items)
        if is_dedication(item) and not (item.reason or title_page.names(info.title, item.text))
    ]
    first = min(texts, default=len(items))
    return {
        item.index: (item.reason if item.evidence.is_sure else None) or "title page"
        for k, item in enumerate(items)
        if item.reason or k < first
    }


def titles_above(items: Sequence[Item], info: BookInfo) -> Reasons:
    """Return title and author above the beginning of the text, if both are there."""
    known = {title_page.normalized(name) for name in (info.title, info.author) if name}
    found = {
        item.index: title_page.normalized(item.text)
        for item in before_text(items)
        if title_page.normalized(item.text) in known
    }
    return dict.fromkeys(found, "title page") if len(set(found.values())) > 1 else {}
