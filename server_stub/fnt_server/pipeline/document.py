"""What analysis makes of a book: paragraphs in reading order."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal

Kind = Literal["body", "heading"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Paragraph:
    """A paragraph or a heading, whole even where it runs over pages."""

    text: str
    page: int
    """Page of the PDF on which it begins, from 1."""
    chapter: str | None
    kind: Kind = "body"

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> Paragraph:
        """Read what `to_json` wrote."""
        return cls(**stored)

    def to_json(self) -> dict[str, Any]:
        """Return it as a JSON object."""
        return asdict(self)


@dataclass(frozen=True, slots=True, kw_only=True)
class Analysis:
    """The whole book, ready to be cut into chunks."""

    page_count: int
    paragraphs: tuple[Paragraph, ...]

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> Analysis:
        """Read what `to_json` wrote."""
        return cls(
            page_count=stored["page_count"],
            paragraphs=tuple(Paragraph.from_json(entry) for entry in stored["paragraphs"]),
        )

    def to_json(self) -> dict[str, Any]:
        """Return it as a JSON object."""
        return {
            "page_count": self.page_count,
            "paragraphs": [paragraph.to_json() for paragraph in self.paragraphs],
        }
