"""Which files the results of a batch are to become."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from fnt.flow.ledger import Book
from fnt.flow.ledger.books import absolute
from fnt.flow.results.names import extension


@dataclass(frozen=True, slots=True, kw_only=True)
class OutputPlan:
    """Which files the results are to become."""

    folder: Path
    formats: tuple[str, ...]
    overwrite: bool = False

    def targets(self, book: Book) -> list[tuple[str, Path]]:
        """Return each format with the file it is written to."""
        stem = self.folder / book.stem
        return [(name, stem.with_name(f"{stem.name}.{extension(name)}")) for name in self.formats]

    def missing(self, book: Book) -> list[Path]:
        """Return the files that are not there, or were not written by this import."""
        return [
            path
            for _, path in self.targets(book)
            if absolute(path) not in book.outputs or not path.is_file()
        ]
