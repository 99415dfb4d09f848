"""Notes that stand together behind the last chapter."""

from __future__ import annotations

from pathlib import Path

import pytest
from fpdf import FPDF

from fnt.wire.jobs import ProcessingSettings
from fnt_server.pipeline.analysis import analyze
from fnt_server.pipeline.document import Analysis
from typeset import FIRST_DAY

CHAPTER = [
    "Le vieux maître descendit lentement l’escalier, une lampe à la main, et s’arrêta{} devant"
    " la porte du jardin, où le vent d’octobre remuait les feuilles mortes.",
    "Il écouta longtemps la pluie{} qui tombait sur le toit de la grange, puis il remonta dans"
    " sa chambre sans dire un mot à personne, et souffla sa lampe.",
]
NOTES = [
    "{} Le jardin fut vendu en 1842 par les héritiers de la famille.",
    "{} On disait alors que la pluie d’octobre annonçait un hiver long et froid.",
    "{} L’escalier existe encore, mais la lampe a été perdue par le dernier maître.",
    "{} La grange a brûlé deux ans plus tard, comme le rappelle une lettre du curé.",
]


def set_book(
    path: Path, *, title: str, call: str = "{}", note: str = "{}.", raised: bool = True
) -> list[str]:
    """Write two chapters that call four notes, and these; return the text of the chapters."""
    sheet = FPDF(unit="mm", format=(120, 180))
    sheet.core_fonts_encoding = "cp1252"
    sheet.set_creation_date(FIRST_DAY)
    sheet.set_margins(15, 15)
    kept: list[str] = []
    for number in range(2):
        sheet.add_page()
        _heading(sheet, f"Chapitre {number + 1}")
        kept.append(f"Chapitre {number + 1}")
        for k, text in enumerate(CHAPTER):
            before, after = text.split("{}")
            _paragraph(sheet, before, call.format(2 * number + k + 1), after, raised=raised)
            kept.append(before + after)
    sheet.add_page()
    _heading(sheet, title)
    for k, text in enumerate(NOTES, 1):
        _paragraph(sheet, text.format(note.format(k)) if note else text[3:])
    sheet.output(str(path))
    return kept


def _heading(sheet: FPDF, text: str) -> None:
    sheet.set_font("Times", "B", 15)
    sheet.multi_cell(0, 8, text, align="C", new_x="LMARGIN", new_y="NEXT")
    sheet.ln(6)


def _paragraph(
    sheet: FPDF, before: str, call: str = "", after: str = "", *, raised: bool = False
) -> None:
    sheet.set_font("Times", "", 11)
    sheet.set_x(20)
    sheet.write(5, before)
    sheet.char_vpos = "SUP" if raised else "LINE"
    sheet.write(5, call)
    sheet.char_vpos = "LINE"
    sheet.write(5, after)
    sheet.ln(5)


def read(path: Path, settings: ProcessingSettings | None = None) -> Analysis:
    with path.open("rb") as file:
        return analyze(
            file.fileno(),
            settings or ProcessingSettings(),
            max_pages=10,
            max_text_chars=100_000,
        )


@pytest.mark.parametrize(
    ("title", "call", "note", "raised"),
    [
        ("NOTES", "{}", "{}.", True),
        ("Notes de l’auteur", "{}", "({})", True),
        ("NOTES ET VARIANTES", " ({})", "({})", False),
        ("Notes", " [{}]", "[{}]", False),
    ],
)
def test_notes_behind_the_text_are_left_out_with_their_calls(
    title: str, call: str, note: str, raised: bool, tmp_path: Path
) -> None:
    path = tmp_path / "book.pdf"
    kept = set_book(path, title=title, call=call, note=note, raised=raised)

    without = read(path)
    marked = read(path, ProcessingSettings(keep_front_matter=True))

    assert [one.text for one in without.paragraphs] == kept
    told = [one.text for one in without.dropped if one.reason == "endnote"]
    assert told[0] == title
    assert len(told) == 1 + len(NOTES)
    calls = [one.text for one in without.dropped if one.reason == "note call"]
    assert calls == [call.format(number).strip() for number in range(1, 5)]
    assert [one.text for one in marked.paragraphs if one.kind == "front matter"] == told
    assert [one.text for one in marked.paragraphs if one.kind != "front matter"] == kept


@pytest.mark.parametrize(("call", "note"), [("", "{}."), ("", ""), ("{}", "")])
def test_a_chapter_that_is_called_so_stays(call: str, note: str, tmp_path: Path) -> None:
    path = tmp_path / "book.pdf"
    set_book(path, title="Notes", call=call, note=note)

    assert len(read(path).paragraphs) == 7 + len(NOTES)
