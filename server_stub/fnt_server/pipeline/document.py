"""What analysis makes of a book: paragraphs in reading order."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

Kind = Literal["body", "heading"]
Reason = Literal[
    "running head", "page number", "footnote", "note call", "ornament", "table of contents"
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Paragraph:
    """A paragraph or a heading, whole even where it runs over pages."""

    text: str
    page: int
    """Page of the PDF on which it begins, from 1."""
    chapter: str | None
    kind: Kind = "body"
    turns: Sequence[tuple[int, int]] = ()
    """Where in the text further pages begin: place and page."""

    def page_at(self, place: int) -> int:
        """Return the page on which the character at this place of the text stands."""
        if not self.turns:
            return self.page
        return max((page for start, page in self.turns if start <= place), default=self.page)

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> Paragraph:
        """Read what `to_json` wrote."""
        return cls(**stored)

    def to_json(self) -> dict[str, Any]:
        """Return it as a JSON object."""
        return {name: getattr(self, name) for name in self.__dataclass_fields__}


@dataclass(frozen=True, slots=True, kw_only=True)
class Dropped:
    """What stands on a page and is not text of the book."""

    text: str
    page: int
    reason: Reason

    def to_json(self) -> dict[str, Any]:
        """Return it as a JSON object."""
        return {name: getattr(self, name) for name in self.__dataclass_fields__}


@dataclass(frozen=True, slots=True, kw_only=True)
class Analysis:
    """The whole book, ready to be cut into chunks."""

    page_count: int
    paragraphs: tuple[Paragraph, ...]
    dropped: tuple[Dropped, ...] = ()

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> Analysis:
        """Read what `to_json` wrote."""
        return cls(
            page_count=stored["page_count"],
            paragraphs=tuple(Paragraph.from_json(entry) for entry in stored["paragraphs"]),
            dropped=tuple(Dropped(**entry) for entry in stored["dropped"]),
        )

    def to_json(self) -> dict[str, Any]:
        """Return it as a JSON object."""
        return {
            "page_count": self.page_count,
            "paragraphs": [paragraph.to_json() for paragraph in self.paragraphs],
            "dropped": [dropped.to_json() for dropped in self.dropped],
        }
