"""Bitmap fonts of TeX, which name no characters: their codes are read as the Cork encoding."""

from __future__ import annotations

from pathlib import Path

import pytest

from fnt_server.pipeline.extraction.characters import clean_pages
from fnt_server.pipeline.extraction.pdf_reader import open_book
from pdfs import make_page_pdf

PROSE = (
    "Il regarda la mer qui montait, et ne dit rien",
    "de la route que le vieux passeur avait prise.",
)
NAMES = " ".join(f"/a{code}" for code in range(256))
SQUARE = "500 0 0 0 450 650 d1 0 0 450 650 re f"
TYPE_3 = (
    "/Type/Font/Subtype/Type3/FontBBox[0 0 500 700]/FontMatrix[.001 0 0 .001 0 0]"
    f"/FirstChar 0/LastChar 255/Widths[{'500 ' * 256}]/Encoding<</Differences[0 {NAMES}]>>"
    f"/CharProcs<<{NAMES.replace(' ', ' 7 0 R ')} 7 0 R>>"
)


def read(*lines: str, folder: Path) -> list[str]:
    drawn = " ".join(f"({line}) Tj 0 -16 Td" for line in lines)
    content = f"BT /B 10 Tf 1 0 0 1 60 700 Tm {drawn} ET"
    path = folder / "book.pdf"
    path.write_bytes(make_page_pdf(content, fonts="/B 6 0 R", extra=[(TYPE_3, None), ("", SQUARE)]))
    with path.open("rb") as opened:
        pages = list(open_book(opened.fileno(), max_pages=9, max_text_chars=9999).pages)
    return [line.text for page in clean_pages(pages) for line in page.lines]


@pytest.mark.parametrize(
    ("drawn", "text"),
    [
        (
            r"\023 Viens donc sur le quai, \024 dit la \034lle",
            "« Viens donc sur le quai, » dit la fille",
        ),
        (r"\026 Je ne vois rien de la \035otte", "— Je ne vois rien de la flotte"),
        (r"\034gure de proue et c\367ur de la barque", "figure de proue et cœur de la barque"),
        (r"\035ot de la mer, e\033ort de la rame", "flot de la mer, effort de la rame"),
        (r"L\367uvre, o\036cielle et di\037icile", "Lœuvre, officielle et difflicile"),
    ],
)
def test_lines_with_codes_below_space_stay(drawn: str, text: str, tmp_path: Path) -> None:
    assert read(*PROSE, drawn, folder=tmp_path) == [*PROSE, text]


def test_codes_that_are_no_text_are_left_out(tmp_path: Path) -> None:
    codes = [r"\003Kq\005zw\006 7Kx\007 \003Vq", r"Kzq\004\005 9Hx\006w \007Bq"] * 4

    assert read(*codes, folder=tmp_path) == []
