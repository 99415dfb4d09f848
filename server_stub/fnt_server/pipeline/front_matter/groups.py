"""Groups of paragraphs that belong together: those of a page, or those below a heading."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from fnt_server.pipeline.document import Reason
from fnt_server.pipeline.front_matter.evidence import Evidence, heading_reason
from fnt_server.pipeline.front_matter.title_page import is_label
from fnt_server.pipeline.text.paragraphs import PlacedParagraph

_INSIDE: Final = (",", ";")
"""How lines of verse end that those of a title page do not."""
_BEGINNING: Final = 3500
_END: Final = 500
_LINE: Final = 500
"""Characters that are looked at of a paragraph and of a line: many patterns look at each."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """A paragraph with what it is evidence of."""

    index: int
    text: str
    lines: tuple[str, ...]
    page: int
    last_page: int
    size: float
    is_heading: bool
    is_verse: bool
    evidence: Evidence
    announces: Reason | None
    """What it says follows, if it is a title of front or back matter."""

    @classmethod
    def of(cls, index: int, placed: PlacedParagraph, *, author: str | None) -> Item:
        """Judge a paragraph."""
        paragraph = placed.paragraph
        text = excerpt(paragraph.text)
        lines = tuple(line.text[:_LINE] for line in placed.block.lines)
        return cls(
            index=index,
            text=text,
            lines=lines,
            page=paragraph.page,
            last_page=placed.block.pages[-1],
            size=placed.size,
            is_heading=paragraph.kind == "heading",
            is_verse=paragraph.kind == "verse" and _is_inside(text),
            evidence=Evidence(text),
            announces=_announced(text, lines, author=author),
        )

    @property
    def is_text(self) -> bool:
        """Whether it is a sentence or a line of verse like those of the book."""
        if self.reason is not None:
            return False
        return self.evidence.is_text or (self.is_verse and self.evidence.is_french)

    @property
    def reason(self) -> Reason | None:
        """What it is evidence of."""
        return self.announces or self.evidence.reason


def _is_inside(line: str) -> bool:
    """Return whether a line of verse begins or ends as no line of a title page does."""
    return line.endswith(_INSIDE) or (line[0].islower() and len(line.split()) > 1)


def excerpt(text: str) -> str:
    """Return beginning and end of a text that is longer than any front matter."""
    if len(text) <= _BEGINNING + _END:
        return text
    return f"{text[:_BEGINNING]} {text[-_END:]}"


def _announced(text: str, lines: Sequence[str], *, author: str | None) -> Reason | None:
    """Return what a title announces, by itself or as the first line of a list."""
    if found := heading_reason(text, author=author):
        return found
    is_list = len(lines) > 1 and len(lines) > text.count(".")
    return heading_reason(lines[0], author=author) if is_list else None


class Group:
    """Consecutive items: what is below one heading, or on one page."""

    def __init__(self, items: Sequence[Item], *, follows: Group | None) -> None:
        self.items = items
        first = items[0]
        begins = first.is_heading or first.announces is not None
        self.is_announced = any(item.announces for item in items[:2])
        """Its title says that it is front or back matter."""
        self.labels = [item for item in items if item.is_heading and is_label(item.text)]
        goes_on = follows is not None and not begins and follows.is_labeled
        self.is_labeled: bool = bool(self.labels) or goes_on
        """It belongs to a chapter, a preface or the like."""

    def without(self, indexes: set[int]) -> Sequence[Item]:
        """Return its items but these."""
        return [item for item in self.items if item.index not in indexes]


def words_of(items: Sequence[Item]) -> int:
    """Return the number of words."""
    return sum(item.evidence.words for item in items)


def text_words_of(items: Sequence[Item]) -> int:
    """Return the number of words in sentences like those of the book."""
    return sum(item.evidence.words for item in items if item.is_text)


def main_reason(items: Sequence[Item]) -> Reason | None:
    """Return what most of the words are evidence of."""
    weights: dict[Reason, int] = {}
    for item in items:
        found = item.reason
        if found is not None:
            weights[found] = weights.get(found, 0) + 1 + item.evidence.words
    return sorted(weights, key=weights.__getitem__)[-1] if weights else None


def group(items: Sequence[Item]) -> Iterator[Group]:
    """Yield the groups of a book in order."""
    begin = 0
    before: Group | None = None
    for end in range(1, len(items) + 1):
        if end < len(items) and not _begins(items[begin:end], items[end : end + 2]):
            continue
        before = Group(items[begin:end], follows=before)
        yield before
        begin = end


def _begins(above: Sequence[Item], below: Sequence[Item]) -> bool:
    """Return whether a group begins: with a page, or with a heading of text or below text."""
    last, item = above[-1], below[0]
    if item.page > last.last_page:
        return item.is_heading or len(above) > 1 or not last.announces
    if item.announces:
        return not last.announces
    if not item.is_heading:
        return False
    if is_label(item.text):
        return not (last.is_heading and is_label(last.text))
    opens = len(below) > 1 and below[1].evidence.is_sentence
    return not last.is_heading and (opens or any(one.evidence.is_sentence for one in above))
