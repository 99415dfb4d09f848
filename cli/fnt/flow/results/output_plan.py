"""The files to save results to, from `-o` and the formats."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from fnt.errors import UsageError
from fnt.files import special_kind, write_errors
from fnt.flow.ledger import Book
from fnt.flow.ledger.books import absolute
from fnt.flow.results.file_names import extension
from fnt.flow.results.format_option import NAMED_FORMATS

OTHER_FILES = frozenset(
    "anki azw3 doc docx epub excel htm md mobi ods odt pdf rtf text tsv xls xml".split()
)
"""Extensions of files that nobody means as a folder's name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OutputPlan:
    """The files to save results to; without formats, none."""

    folder: Path
    file: Path | None = None
    """The single file to write in that folder."""
    formats: tuple[str, ...]
    overwrite: bool = False

    @classmethod
    def of_option(
        cls, text: str, *, formats: Sequence[str], jobs: int, overwrite: bool
    ) -> OutputPlan:
        """Parse `-o`: a folder if it exists as one, ends in a slash, or has no file extension."""
        path, formats = Path(text), tuple(formats)
        kind = special_kind(path)
        if kind not in (None, "a folder"):
            raise UsageError(
                f"{path} is {kind}, not a file", hint=f"write to it with: -o - > {path}"
            )
        ending = path.suffix.lower().removeprefix(".")
        format = {extension(name): name for name in NAMED_FORMATS}.get(ending)
        is_folder = text.endswith(("/", os.sep)) or os.path.isdir(path)  # noqa: PTH112 -- never raises
        if ending in OTHER_FILES and not is_folder:
            raise UsageError(
                f"no format is saved as .{ending}",
                hint=f"formats for -f: {', '.join(NAMED_FORMATS)}; for a folder, use -o {path}/",
            )
        if format is None or is_folder:
            return cls(folder=path, formats=formats, overwrite=overwrite)
        if jobs * len(formats) != 1:
            raise UsageError(
                f"{path} is a file, but there are several results", hint=f"use a folder: -o {path}/"
            )
        if ending != extension(formats[0]):
            raise UsageError(
                f"{path} does not match the format {formats[0]}",
                hint=f"use -f {format}, or -o {path}/",
            )
        return cls(folder=path.parent, file=path, formats=formats, overwrite=overwrite)

    def targets(self, book: Book) -> list[tuple[str, Path]]:
        """Return each format with its target path.

        For a book without a target file of its own it is a folder, where a name is chosen later.
        """
        if self.file is not None:
            return [(name, self.file) for name in self.formats]
        if self.names_later(book):
            return [(name, self.folder / book.stem) for name in self.formats]
        stem = self.folder / book.stem
        return [(name, stem.with_name(f"{stem.name}.{extension(name)}")) for name in self.formats]

    def names_later(self, book: Book) -> bool:
        """Return whether a book's target is a folder."""
        return self.file is None and book.is_named_later

    def missing(self, book: Book) -> list[Path]:
        """Return the targets that do not exist or were not written by this import."""
        return [
            path
            for _, path in self.targets(book)
            if absolute(path) not in book.outputs or not path.is_file()
        ]


def prepare_folder(folder: Path) -> None:
    """Create a folder for results; raises UsageError if that fails."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UsageError(f"{folder} cannot be used as a folder: {error.strerror}") from error
    if not os.access(folder, os.W_OK):
        name = "this folder" if folder == Path() else folder
        raise UsageError(f"{name} cannot be written to", hint="save elsewhere with -o DIR")


def is_taken(path: Path) -> bool:
    """Return whether a file exists; raises UsageError if the path is invalid."""
    with write_errors(path):
        try:
            path.lstat()
        except (FileNotFoundError, NotADirectoryError):
            return False
    return True
