from __future__ import annotations

from pathlib import Path

import pytest
from fpdf import FPDF

from fnt_server.pipeline.extraction.pdf_reader import open_book
from fnt_server.pipeline.layout.columns import columns
from typeset import FIRST_DAY

WORDS = (
    "le vieux passeur détacha la barque qui dansait sur une eau grise et regarda longtemps cette "
    "autre rive où la femme attendait sans bouger avec sa lampe éteinte"
).split()


def column_lines(name: str, count: int) -> list[str]:
    return [f"{name}{k} " + " ".join((WORDS[k:] + WORDS)[:4]) for k in range(count)]


def set_rows(
    rows: list[list[str]], path: Path, *, starts: list[float], slant: float = 0.0
) -> list[list[str]]:
    """Write a page row by row, and return its columns as they are read."""
    sheet = FPDF(unit="pt", format=(400, 500))
    sheet.set_creation_date(FIRST_DAY)
    sheet.core_fonts_encoding = "cp1252"
    sheet.add_page()
    sheet.set_font("Times", "", 9)
    for at, row in enumerate(rows):
        for place, (start, text) in enumerate(zip(starts, row, strict=True)):
            if text:
                sheet.text(start, 60 + 11 * at + slant * place, text)
    sheet.output(str(path))
    with path.open("rb") as opened:
        (page,) = open_book(opened.fileno(), max_pages=9, max_text_chars=9999).pages
    return [[line.text for line in column] for column in columns(page.lines)]


@pytest.mark.parametrize("slant", [0.0, 0.4])
def test_columns_drawn_row_by_row_are_read_one_after_the_other(
    slant: float, tmp_path: Path
) -> None:
    left, right = column_lines("g", 14), column_lines("d", 14)
    rows = [list(pair) for pair in zip(left, right, strict=True)]

    assert set_rows(rows, tmp_path / "book.pdf", starts=[40, 180], slant=slant) == [left, right]


def test_three_columns_drawn_row_by_row(tmp_path: Path) -> None:
    parts = [column_lines(name, 12) for name in "abc"]
    rows = [list(row) for row in zip(*parts, strict=True)]

    assert set_rows(rows, tmp_path / "book.pdf", starts=[15, 140, 265]) == parts


def test_a_hyphen_at_the_end_of_a_column_is_that_of_a_line(tmp_path: Path) -> None:
    left, right = [f"{text} cam-" for text in column_lines("g", 12)], column_lines("d", 12)
    rows = [list(pair) for pair in zip(left, right, strict=True)]

    read, _ = set_rows(rows, tmp_path / "book.pdf", starts=[40, 180])
    assert read == [f"{text.removesuffix('-')}\x02" for text in left]


def test_rows_of_a_table_of_contents_stay_whole(tmp_path: Path) -> None:
    rows = [[text, str(k)] for k, text in enumerate(column_lines("Chapitre ", 14))]

    (read,) = set_rows(rows, tmp_path / "book.pdf", starts=[40, 220])
    assert read == [" ".join(row) for row in rows]


def test_wide_spaces_here_and_there_part_nothing(tmp_path: Path) -> None:
    lines = column_lines("g", 14)
    rows = [[text, text] for text in lines]
    path = tmp_path / "book.pdf"
    sheet = FPDF(unit="pt", format=(400, 500))
    sheet.core_fonts_encoding = "cp1252"
    sheet.add_page()
    sheet.set_font("Times", "", 9)
    for at, (first, second) in enumerate(rows):
        sheet.text(40, 60 + 11 * at, first)
        sheet.text(165 + 17 * (at % 5), 60 + 11 * at, second)
    sheet.output(str(path))
    with path.open("rb") as opened:
        (page,) = open_book(opened.fileno(), max_pages=9, max_text_chars=9999).pages

    assert [line.text for line in page.lines] == [f"{one} {other}" for one, other in rows]
