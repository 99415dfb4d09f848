"""A part of a book: some pages, or some chapters."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Self

from fnt.errors import UsageError
from fnt.flow.results.chapters import numbered
from fnt.wire.ranges import Ranges
from fnt.wire.results import Sentence


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """Which sentences of a result are wanted; by default all."""

    pages: Ranges | None = None
    chapters: Ranges | None = None

    @classmethod
    def of_options(cls, *, pages: str, chapter: str) -> Self:
        """Read `--pages` and `--chapter`, which may be empty; raises UsageError."""
        return cls(
            pages=ranges_of(pages, option="--pages"),
            chapters=ranges_of(chapter, option="--chapter"),
        )

    def __bool__(self) -> bool:
        return self.pages is not None or self.chapters is not None

    @property
    def label(self) -> str:
        """What goes into a file's name: `-chapter-3,5-7-pages-12-30`."""
        parts = (("chapter", self.chapters), ("pages", self.pages))
        return "".join(f"-{name}-{ranges}" for name, ranges in parts if ranges is not None)

    @property
    def words(self) -> str:
        """What is selected: `chapter 3,5-7, pages 12-30`."""
        parts = (("chapter", self.chapters), ("pages", self.pages))
        return ", ".join(f"{name} {ranges}" for name, ranges in parts if ranges is not None)

    def select(self, sentences: Iterable[Sentence]) -> Iterator[Sentence]:
        """Yield the wanted sentences. A page's are those whose source begins on it."""
        for number, sentence in numbered(sentences):
            if (self.pages is None or sentence.page in self.pages) and (
                self.chapters is None or number in self.chapters
            ):
                yield sentence


EVERYTHING = Selection()


def ranges_of(text: str, *, option: str, least: int = 1) -> Ranges | None:
    """Read the ranges of an option; None if it is empty. Raises UsageError."""
    try:
        return Ranges.parse(text, least=least) if text else None
    except ValueError as error:
        raise UsageError(
            f"{option}: {error}", hint="write 3, 3-7, 3- or several with commas"
        ) from None
