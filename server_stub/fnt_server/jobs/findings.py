"""What the analysis of a book found out about it, as it is stored."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from fnt.wire.jobs import JobWarning


@dataclass(frozen=True, slots=True, kw_only=True)
class BookFindings:
    """Title and author (for results only), and warnings."""

    title: str | None = None
    author: str | None = None
    warnings: tuple[JobWarning, ...] = ()

    @classmethod
    def of_row(cls, stored: Mapping[str, Any] | None) -> BookFindings:
        """Read what `to_row` wrote; nothing for jobs of earlier versions."""
        stored = stored or {}
        return cls(
            title=stored.get("title"),
            author=stored.get("author"),
            warnings=tuple(map(JobWarning.from_wire, stored.get("warnings", ()))),
        )

    def to_row(self) -> dict[str, Any] | None:
        """Return the known fields; None if there are none."""
        known = {
            "title": self.title,
            "author": self.author,
            "warnings": [warning.to_wire() for warning in self.warnings],
        }
        return {name: value for name, value in known.items() if value} or None
