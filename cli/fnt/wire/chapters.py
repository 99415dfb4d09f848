"""How the chapters of a book are numbered."""

from __future__ import annotations


class ChapterCounter:
    """Numbers the chapters of texts that come one by one, in the book's order.

    A chapter begins where the heading above the text changes, and at each heading: two chapters
    may be called the same.
    """

    def __init__(self) -> None:
        self._chapter: str | None = None
        self._was_heading = False
        self.number = 0
        """Of the last text: from 1; 0 before the first heading."""

    def add(self, *, chapter: str | None, is_heading: bool) -> int:
        """Return the number of the chapter to which the next text belongs."""
        begins = is_heading and not self._was_heading and chapter is not None
        if begins or chapter != self._chapter:
            self.number += 1
        self._chapter, self._was_heading = chapter, is_heading
        return self.number
