"""Which headings are in force, so that every paragraph knows its chapter."""

from __future__ import annotations

from typing import Final

NAME_CHARS: Final = 120


class Chapter:
    """The headings in force: larger ones stay while smaller ones follow."""

    def __init__(self, *, title_size: float = float("inf")) -> None:
        self._title_size = title_size
        self._open: list[tuple[float, str]] = []
        self._after_heading = False
        self.name: str | None = None

    def begin(self, heading: str, size: float) -> None:
        """Take note of a heading; one straight after another of its size adds to it."""
        if size >= 0.98 * self._title_size:
            return
        limit = 0.98 * size if self._after_heading else 1.02 * size
        while self._open and self._open[-1][0] < limit:
            self._open.pop()
        self._open.append((size, heading))
        self._after_heading = True
        self.name = ", ".join(text for _, text in self._open)[:NAME_CHARS]

    def go_on(self) -> None:
        """Take note of text."""
        self._after_heading = False
