"""Results as a workbook or flash cards, created locally with optional libraries."""

from __future__ import annotations

import hashlib
import html
import importlib
import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from fnt.distribution import install_hint
from fnt.errors import TemporaryError, UsageError
from fnt.wire.results import Sentence
from fnt.wire.structs import WireError

LIBRARIES: Final[Mapping[str, str]] = {"xlsx": "openpyxl", "anki": "genanki"}
"""Formats created locally, and the library each needs."""

MODEL_ID: Final = 1_730_911_408
"""Identifies the note type; a constant, so that later imports find their notes."""
DECK_IDS: Final = 1 << 30
_NOT_IN_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff\ud800-\udfff]")
_WIDTHS: Final = {"A": 60, "B": 8, "C": 80, "D": 8, "E": 30, "F": 10}
_CSS: Final = """
.card { font-family: serif; font-size: 24px; text-align: center; }
.place { color: grey; font-size: 16px; }
"""


def require_library(format: str) -> None:
    """Raise UsageError if the format needs an extra that is not installed."""
    library = LIBRARIES.get(format)
    if library is None:
        return
    try:
        importlib.import_module(library)
    except ImportError:
        raise UsageError(
            f"the format {format} needs {library}", hint=install_hint(format)
        ) from None


def make(format: str, lines: Path, target: Path, *, title: str) -> None:
    """Convert a `jsonl` result to a workbook or a deck named `title`; raises TemporaryError."""
    writers = {"xlsx": _write_workbook, "anki": _write_deck}
    try:
        writers[format](_sentences(lines), target, title)
    except (WireError, ValueError, RecursionError) as error:
        raise TemporaryError(f"the result cannot be read: {error}") from error


def _sentences(lines: Path) -> Iterator[Sentence]:
    with lines.open(encoding="utf-8", newline="\n") as file:
        for line in file:
            yield Sentence.from_wire(json.loads(line))


def _write_workbook(sentences: Iterator[Sentence], target: Path, _title: str) -> None:
    """Write row by row, in constant memory; every text as a text cell."""
    from openpyxl import Workbook  # noqa: PLC0415 -- optional
    from openpyxl.cell import WriteOnlyCell  # noqa: PLC0415 -- optional

    book = Workbook(write_only=True)
    sheet = book.create_sheet("sentences")
    sheet.freeze_panes = "A2"
    for column, width in _WIDTHS.items():
        sheet.column_dimensions[column].width = width

    def cell(value: object) -> Any:
        if not isinstance(value, str):
            return value
        made = WriteOnlyCell(sheet, value=_NOT_IN_XML.sub("\ufffd", value))
        made.data_type = "s"  # otherwise "=1+1" would become a formula
        made.number_format = "@"
        return made

    names = tuple(Sentence.__struct_fields__)
    try:
        sheet.append([cell(name) for name in names])
        for sentence in sentences:
            sheet.append([cell(getattr(sentence, name)) for name in names])
        book.save(target)
    except BaseException:
        sheet.close()
        raise


def _write_deck(sentences: Iterator[Sentence], target: Path, title: str) -> None:
    """Write a card per sentence: the sentence in front, its source and position on the back.

    A note is identified by title, sentence, source, and occurrence, so that importing again
    updates notes instead of duplicating them.
    """
    import genanki  # type: ignore[import-untyped]  # noqa: PLC0415 -- optional

    model = genanki.Model(
        MODEL_ID,
        "fnt: a short sentence",
        fields=[{"name": "Sentence"}, {"name": "Source"}, {"name": "Place"}],
        templates=[
            {
                "name": "Sentence",
                "qfmt": "{{Sentence}}",
                "afmt": '{{Sentence}}<hr id="answer">{{Source}}<p class="place">{{Place}}</p>',
            }
        ],
        css=_CSS,
    )
    deck = genanki.Deck(DECK_IDS + int(_digest(title)[:7], 16), f"fnt::{title.replace('::', ':')}")
    seen: Counter[tuple[str, str]] = Counter()
    for sentence in sentences:
        key = (sentence.text, sentence.source)
        seen[key] += 1
        place = ", ".join(filter(None, [sentence.chapter, f"p. {sentence.page}"]))
        deck.add_note(
            genanki.Note(
                model=model,
                fields=[html.escape(text) for text in (sentence.text, sentence.source, place)],
                guid=_digest(title, *key, str(seen[key])),
            )
        )
    genanki.Package(deck).write_to_file(str(target))


def _digest(*parts: str) -> str:
    joined = "\0".join(parts).encode("utf-8", "surrogatepass")
    return hashlib.sha256(joined).hexdigest()[:20]
