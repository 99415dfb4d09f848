"""Results as a workbook or as flash cards, made here from the sentences; by libraries of extras."""

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
"""Formats that are made here, and what makes them."""

MODEL_ID: Final = 1_730_911_408
"""Of the kind of note: any number, the same for ever, so that a later import finds its notes."""
DECK_IDS: Final = 1 << 30
_NOT_IN_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff\ud800-\udfff]")
_WIDTHS: Final = {"A": 60, "B": 8, "C": 80, "D": 8, "E": 30, "F": 10}
_CSS: Final = """
.card { font-family: serif; font-size: 24px; text-align: center; }
.place { color: grey; font-size: 16px; }
"""


def require_library(format: str) -> None:
    """Raise UsageError where the format needs an extra that is not installed."""
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
    """Turn a result in `jsonl` into a workbook or a deck named `title`; raises TemporaryError."""
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
    """Write row after row, in constant memory; texts as texts, whatever they begin with."""
    from openpyxl import Workbook  # noqa: PLC0415 -- an extra
    from openpyxl.cell import WriteOnlyCell  # noqa: PLC0415 -- an extra

    book = Workbook(write_only=True)
    sheet = book.create_sheet("sentences")
    sheet.freeze_panes = "A2"
    for column, width in _WIDTHS.items():
        sheet.column_dimensions[column].width = width

    def cell(value: object) -> Any:
        if not isinstance(value, str):
            return value
        made = WriteOnlyCell(sheet, value=_NOT_IN_XML.sub("\ufffd", value))
        made.data_type = "s"  # "=1+1" would be taken for a formula
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
    """Write a card for each sentence: it in front, its source and place behind.

    A note's identity is the book's title, the sentence, its source and how often that came before,
    so that importing again brings changes and doubles nothing.
    """
    import genanki  # type: ignore[import-untyped]  # noqa: PLC0415 -- an extra

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
