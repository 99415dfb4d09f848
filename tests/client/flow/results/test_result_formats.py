"""Workbooks and decks preserve every text exactly."""

from __future__ import annotations

import contextlib
import csv
import io
import json
import re
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


def selected(package: Path, query: str) -> list[tuple[Any, ...]]:
    with zipfile.ZipFile(package) as archive:
        archive.extract("collection.anki2", package.parent)
    with contextlib.closing(sqlite3.connect(package.parent / "collection.anki2")) as connection:
        return connection.execute(query).fetchall()


def notes(package: Path) -> list[tuple[str, list[str]]]:
    """Return guid and fields of each note."""
    rows = selected(package, "select guid, flds from notes order by id")
    return [(guid, fields.split("\x1f")) for guid, fields in rows]


def tags(package: Path) -> list[str]:
    return [text.strip() for (text,) in selected(package, "select tags from notes order by id")]


def decks(package: Path) -> list[str]:
    [(stored,)] = selected(package, "select decks from col")
    names = [deck["name"] for deck in json.loads(stored).values()]
    return sorted(name for name in names if name.startswith("fnt"))


PLACED: dict[str, Any] = {"paragraph": 1, "continues": False, "kind": "prose"}


def book() -> list[dict[str, Any]]:
    """Two chapters: a heading and a paragraph of two pieces, a heading and a speech."""
    return [
        sentence("I", chapter="I", page=1, **{**PLACED, "kind": "heading"}),
        sentence("Au bord de l’eau,", chapter="I", **{**PLACED, "paragraph": 2, "continues": True}),
        sentence("elle attendait.", chapter="I", **{**PLACED, "paragraph": 2}),
        sentence("I", chapter="I", page=4, **{**PLACED, "paragraph": 3, "kind": "heading"}),
        sentence("— <Oui>.", chapter="I", page=5, **{**PLACED, "paragraph": 4, "kind": "dialogue"}),
    ]


def test_text_to_read_has_blank_lines_between_paragraphs(tmp_path: Path) -> None:
    assert made("paragraphs", tmp_path, *book()).read_text(encoding="utf-8") == (
        "I\n\nAu bord de l’eau,\nelle attendait.\n\n\nI\n\n— <Oui>.\n"
    )


def test_text_of_an_earlier_version_has_a_sentence_of_the_book_for_a_paragraph(
    tmp_path: Path,
) -> None:
    pieces = [sentence("Un,", source="Un, deux."), sentence("deux.", source="Un, deux.")]

    path = made("paragraphs", tmp_path, *pieces, sentence("Trois."))

    assert path.read_text(encoding="utf-8") == "Un,\ndeux.\n\nTrois.\n"


def test_a_table_for_excel(tmp_path: Path) -> None:
    written = made("excel", tmp_path, *book(), sentence('=1+1; "a"')).read_bytes()

    assert written.startswith(b'\xef\xbb\xbf"text";"words";')
    rows = list(csv.reader(io.StringIO(written.decode("utf-8-sig"), newline=""), delimiter=";"))
    assert rows[0][-3:] == ["paragraph", "continues", "kind"]
    assert rows[2][-3:] == ["2", "1", "prose"]
    assert rows[-1][0] == ' =1+1; "a"'
    assert rows[-1][-3:] == ["", "", ""]


def test_a_page_loads_nothing_and_shows_text_as_text(tmp_path: Path) -> None:
    page = made("html", tmp_path, *book(), title="<b>Le\u202e Passeur").read_text(encoding="utf-8")

    assert "<title>&lt;b&gt;Le Passeur</title>" in page
    assert '<h2 id="chapter-1">I</h2>' in page
    assert '<h2 id="chapter-2">I</h2>' in page
    assert "<p><span>Au bord de l’eau,</span><span>elle attendait.</span></p>" in page
    assert "<span>— &lt;Oui&gt;.</span>" in page
    assert page.count('<li><a href="#chapter-') == 2
    assert not re.search(r"src=|href=\"(?!#)|@import|url\(", page)


def test_a_workbook_has_a_header_that_stays_and_a_sheet_of_contents(tmp_path: Path) -> None:
    workbook = load_workbook(made("xlsx", tmp_path, *book(), sentence("_x0041_")))
    sheet = workbook["sentences"]

    assert all(cell.font.bold for cell in sheet[1])
    assert (sheet.freeze_panes, sheet.auto_filter.ref) == ("A2", "A1:I7")
    assert sheet["A2"].alignment.wrap_text
    assert sheet["A7"].value in ("_x0041_", "_x005F_x0041_")  # whether or not it was unescaped
    assert list(workbook["contents"].values) == [
        ("chapter", "first page", "last page", "sentences", "row"),
        ("I", 1, 3, 3, 2),
        ("I", 4, 5, 2, 5),
        (None, 3, 3, 1, 7),
    ]
    with zipfile.ZipFile(tmp_path / "made.xlsx") as archive:
        assert b"_x005F_x0041_" in b"".join(map(archive.read, archive.namelist()))


def test_a_deck_for_each_chapter_without_cards_for_headings(tmp_path: Path) -> None:
    path = made("anki", tmp_path, *book(), title="Le Passeur")

    assert decks(path) == ["fnt::Le Passeur::001 I", "fnt::Le Passeur::002 I"]
    assert [fields[0] for _, fields in notes(path)] == [
        "Au bord de l’eau,", "elle attendait.", "— &lt;Oui&gt;.",
    ]  # fmt: skip
    assert tags(path) == [
        *["book::Le_Passeur chapter::I kind::prose"] * 2,
        "book::Le_Passeur chapter::I kind::dialogue",
    ]


def test_a_workbook_holds_every_text_as_text(tmp_path: Path) -> None:
    path = made("xlsx", tmp_path, *(sentence(text, chapter="=I") for text in ODD))

    sheet = load_workbook(path)["sentences"]
    head, *rows = sheet.iter_rows()

    assert [cell.value for cell in head] == ["text", "words", "source", "page", "chapter", "engine"]
    assert [row[0].value or "" for row in rows] == [text.replace("\u202e", "") for text in ODD]
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


@pytest.mark.slow
def test_no_library_is_loaded_before_it_is_needed() -> None:
    code = (
        "import sys, fnt.flow.results.result_formats;"
        " sys.exit('openpyxl' in sys.modules or 'genanki' in sys.modules)"
    )

    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
