"""Formats of a result that are made here, from the `jsonl` of the server."""

from __future__ import annotations

import importlib
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from fnt.distribution import install_hint
from fnt.errors import TemporaryError, UsageError
from fnt.flow.results.selection import EVERYTHING, Selection
from fnt.output.sanitize import harmless
from fnt.wire.results import Sentence
from fnt.wire.structs import WireError

Sentences = Callable[[], Iterator[Sentence]]
"""Gives the sentences of a result from the beginning, each time it is called."""


@dataclass(frozen=True, slots=True)
class LocalFormat:
    """A format that is made here."""

    module: str
    """Has the function `write(sentences: Sentences, target: Path, title: str)`."""
    extension: str
    library: str | None = None
    """Comes with the extra named like the format."""
    is_dated: bool = False
    """The file holds the time at which it was made, so that no two are the same."""


LOCAL_FORMATS: Final[Mapping[str, LocalFormat]] = {
    "html": LocalFormat("html_page", "html"),
    "xlsx": LocalFormat("workbook", "xlsx", library="openpyxl", is_dated=True),
    "anki": LocalFormat("anki_deck", "apkg", library="genanki", is_dated=True),
    "paragraphs": LocalFormat("paragraph_text", "txt"),
    "excel": LocalFormat("excel_csv", "csv"),
}


def require_library(format: str) -> None:
    """Raise UsageError if the format needs an extra that is not installed."""
    local = LOCAL_FORMATS.get(format)
    if local is None or local.library is None:
        return
    try:
        importlib.import_module(local.library)
    except ImportError:
        raise UsageError(
            f"the format {format} needs {local.library}", hint=install_hint(format)
        ) from None


def make(
    format: str, lines: Path, target: Path, *, title: str, selection: Selection = EVERYTHING
) -> None:
    """Write a `jsonl` result, or a part of it, to a file in another format.

    `title` is the name of the book. Raises TemporaryError for lines that cannot be read.
    """
    module = importlib.import_module(f"fnt.flow.results.{LOCAL_FORMATS[format].module}")
    module.write(lambda: map(_harmless, read_sentences(lines, selection)), target, title)


def read_sentences(lines: Path, selection: Selection = EVERYTHING) -> Iterator[Sentence]:
    """Yield the sentences of a `jsonl` result; raises TemporaryError.

    Raises UsageError if the part selected has none.
    """
    is_empty = bool(selection)
    with lines.open("rb") as file:
        for sentence in selection.select(_read(line) for line in file):
            is_empty = False
            yield sentence
    if is_empty:
        raise UsageError(
            f"the result has no sentences in {selection.words}",
            hint="list its chapters and pages with: fnt jobs show JOB --chapters",
        )


def _read(line: bytes) -> Sentence:
    try:
        return Sentence.from_wire(json.loads(line.decode()))
    except (WireError, ValueError, RecursionError) as error:
        raise TemporaryError(f"the result cannot be read: {error}") from error


def _harmless(sentence: Sentence) -> Sentence:
    chapter = None if sentence.chapter is None else harmless(sentence.chapter)
    return sentence.replaced(
        text=harmless(sentence.text), source=harmless(sentence.source), chapter=chapter
    )
