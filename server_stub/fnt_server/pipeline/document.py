"""An analyzed book: its paragraphs in reading order, and what was dropped."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import msgspec

from fnt.wire.jobs import JobWarning

Kind = Literal["body", "verse", "heading", "front matter"]
Reason = Literal[
    "running head",
    "page number",
    "footnote",
    "endnote",
    "note call",
    "ornament",
    "table of contents",
    "title page",
    "imprint",
    "list of books",
    "e-book site",
    "unreadable",
]


class Paragraph(msgspec.Struct, frozen=True, kw_only=True):
    """A paragraph or a heading; it may span pages."""

    text: str
    page: int
    """Page of the PDF on which it begins, from 1."""
    chapter: str | None
    kind: Kind = "body"
    page_breaks: Sequence[tuple[int, int]] = msgspec.field(default=(), name="turns")
    """(offset in the text, page) for each page that begins inside the paragraph."""

    def page_at(self, offset: int) -> int:
        """Return the page of the character at this offset of the text."""
        passed = bisect_right(self.page_breaks, offset, key=lambda page_break: page_break[0])
        return self.page_breaks[passed - 1][1] if passed else self.page

    def to_json(self) -> dict[str, Any]:
        """Return it as a JSON object; `turns` is the stored name of `page_breaks`."""
        return {
            "text": self.text,
            "page": self.page,
            "chapter": self.chapter,
            "kind": self.kind,
            "turns": self.page_breaks,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Dropped:
    """A line on a page that is not part of the text."""

    text: str
    page: int
    reason: Reason

    def to_json(self) -> dict[str, Any]:
        """Return it as a JSON object."""
        return {name: getattr(self, name) for name in self.__dataclass_fields__}


@dataclass(frozen=True, slots=True, kw_only=True)
class Analysis:
    """The whole book, ready to be divided into chunks."""

    page_count: int
    paragraphs: tuple[Paragraph, ...]
    dropped: tuple[Dropped, ...] = ()
    title: str | None = None
    author: str | None = None
    warnings: tuple[JobWarning, ...] = ()

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> Analysis:
        """Read what `to_json` wrote."""
        return cls(
            page_count=stored["page_count"],
            paragraphs=msgspec.convert(stored["paragraphs"], tuple[Paragraph, ...]),
            dropped=tuple(Dropped(**entry) for entry in stored["dropped"]),
            title=stored.get("title"),
            author=stored.get("author"),
            warnings=tuple(map(JobWarning.from_wire, stored.get("warnings", ()))),
        )

    def to_json(self) -> dict[str, Any]:
        """Return it as a JSON object."""
        return {
            "page_count": self.page_count,
            "paragraphs": [paragraph.to_json() for paragraph in self.paragraphs],
            "dropped": [dropped.to_json() for dropped in self.dropped],
            "title": self.title,
            "author": self.author,
            "warnings": [warning.to_wire() for warning in self.warnings],
        }
