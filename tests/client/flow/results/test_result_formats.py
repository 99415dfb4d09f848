"""Workbooks and decks preserve every text exactly."""

from __future__ import annotations

import json
import sqlite3
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import pytest
from openpyxl import load_workbook

from fnt.errors import TemporaryError, UsageError
from fnt.flow.results.result_formats import make, require_library

ODD = [
    "=1+1", "- Oui", "+33 1 23", "@x", "\t=1", "'=1", '"a","b"', "a\nb", "— Non ; <b>si</b> &amp;",
    "\u202e=1", "😀", "=HYPERLINK(\"http://x\")", "1e5", "007", "", " ", "{{Source}}",
]  # fmt: skip


def sentence(text: str, **changes: Any) -> dict[str, Any]:
    return {
        "text": text, "words": 2, "source": f"avant {text}", "page": 3, "chapter": None,
        "engine": "rules", **changes,
    }  # fmt: skip


def made(format: str, folder: Path, *sentences: dict[str, Any], title: str = "Le Passeur") -> Path:
    lines, target = folder / "lines", folder / f"made.{format}"
    lines.write_text(
        "".join(json.dumps(one, ensure_ascii=False) + "\n" for one in sentences), encoding="utf-8"
    )
    make(format, lines, target, title=title)
    return target


def notes(package: Path) -> list[tuple[str, list[str]]]:
    """Return guid and fields of each note."""
    with zipfile.ZipFile(package) as archive:
        archive.extract("collection.anki2", package.parent)
    connection = sqlite3.connect(package.parent / "collection.anki2")
    try:
        rows = connection.execute("select guid, flds from notes order by id").fetchall()
        return [(guid, fields.split("\x1f")) for guid, fields in rows]
    finally:
        connection.close()


def test_a_workbook_holds_every_text_as_text(tmp_path: Path) -> None:
    path = made("xlsx", tmp_path, *(sentence(text, chapter="=I") for text in ODD))

    sheet = load_workbook(path)["sentences"]
    head, *rows = sheet.iter_rows()

    assert [cell.value for cell in head] == ["text", "words", "source", "page", "chapter", "engine"]
    assert [row[0].value or "" for row in rows] == ODD
    assert {cell.data_type for row in rows for cell in (row[2], row[4], row[5])} == {"s"}
    assert {(row[1].value, row[3].value) for row in rows} == {(2, 3)}


def test_characters_invalid_in_xml_do_not_break_a_workbook(tmp_path: Path) -> None:
    path = made("xlsx", tmp_path, sentence("a\x00b\x1bc\uffff"))

    assert load_workbook(path)["sentences"]["A2"].value == "a\ufffdb\ufffdc\ufffd"


def test_a_card_has_the_sentence_in_front_and_its_source_and_place_behind(tmp_path: Path) -> None:
    path = made("anki", tmp_path, sentence("<b>Oui</b> & non", chapter="I. Le bac"))

    [(_, fields)] = notes(path)

    assert fields == [
        "&lt;b&gt;Oui&lt;/b&gt; &amp; non",
        "avant &lt;b&gt;Oui&lt;/b&gt; &amp; non",
        "I. Le bac, p. 3",
    ]


def test_a_deck_imported_again_doubles_nothing(tmp_path: Path) -> None:
    book = [sentence("— Oui."), sentence("— Oui."), sentence("Il vint.")]
    first = notes(made("anki", tmp_path, *book))
    again = notes(made("anki", tmp_path, sentence("Un début."), *book))
    other = notes(made("anki", tmp_path, *book, title="Un autre"))

    assert len({guid for guid, _ in first}) == 3
    assert {guid for guid, _ in first} < {guid for guid, _ in again}
    assert not {guid for guid, _ in first} & {guid for guid, _ in other}


@pytest.mark.parametrize("format", ["xlsx", "anki"])
@pytest.mark.parametrize("line", ["no json", "7", '{"text": 1}', "[" * 100_000])
def test_a_result_that_cannot_be_read_is_reported(format: str, line: str, tmp_path: Path) -> None:
    lines = tmp_path / "lines"
    lines.write_text(line + "\n", encoding="utf-8")

    with pytest.raises(TemporaryError):
        make(format, lines, tmp_path / "made", title="x")


def test_a_library_that_is_not_there_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "genanki", None)

    require_library("txt")
    with pytest.raises(UsageError) as missing:
        require_library("anki")

    assert missing.value.hint == "in a clone of French Novel Tool, run: pip install '.[anki]'"


def test_no_library_is_loaded_before_it_is_needed() -> None:
    code = (
        "import sys, fnt.flow.results.result_formats;"
        " sys.exit('openpyxl' in sys.modules or 'genanki' in sys.modules)"
    )

    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
