from __future__ import annotations

from pathlib import Path

import pytest
from fpdf import FPDF

from fnt_server.pipeline.extraction.pdf_reader import open_book
from fnt_server.pipeline.layout.columns import columns
from fnt_server.pipeline.layout.geometry import Line
from pdfs import make_page_pdf


def read(content: str, folder: Path) -> list[str]:
    return [line.text for line in lines_of(f"BT /F 12 Tf 1 0 0 1 100 700 Tm {content} ET", folder)]


def lines_of(content: str, folder: Path, *, font: str = "Times-Roman") -> list[Line]:
    path = folder / "book.pdf"
    page = make_page_pdf(content)
    path.write_bytes(page.replace(b"/BaseFont/Times-Roman", f"/BaseFont/{font}".encode()))
    with path.open("rb") as opened:
        pages = open_book(opened.fileno(), max_pages=9, max_text_chars=9999).pages
        return [line for page in pages for line in page.lines]


@pytest.mark.parametrize(
    ("drawn", "text"),
    [
        ("[(Il entra) -170 (! Qui) -125 (?)] TJ", "Il entra ! Qui ?"),
        ("[(\xab) -250 (Viens) -250 (\xbb, dit-il) -125 (;)] TJ", "« Viens », dit-il ;"),
        ("[(Il alla voir) -230 (M. Eyssette)] TJ", "Il alla voir M. Eyssette"),
        ("[(nous) -200 (repr\xe9sentons)] TJ", "nous représentons"),
        ("[(Il entra) 20 (! MacDonald)] TJ", "Il entra! MacDonald"),
        ("(Il est 12:30.) Tj", "Il est 12:30."),
        ("(extraordinairement) Tj", "extraordinairement"),
    ],
)
def test_white_that_is_wide_enough_is_a_space(drawn: str, text: str, tmp_path: Path) -> None:
    assert "".join(read(drawn, tmp_path)) == text


PLACED = (
    "Le soir il y a du vent et la mer est à deux pas de la rue",
    "où il a vu un jour la fin de ce que tu as dit ici. On ne sait",
    "si le roi va au bal ou s'il dort, et moi je ris de peu. Il dit",
    "oui, elle dit non et l'on va à la gare.",
)


@pytest.mark.parametrize("font", ["Times-Roman", "Helvetica", "Courier"])
@pytest.mark.parametrize("gap", [0.18, 0.2, 0.3])
@pytest.mark.parametrize("by_letter", [False, True])
def test_words_that_are_placed_one_by_one_have_spaces(
    font: str, gap: float, by_letter: bool, tmp_path: Path
) -> None:
    drawn = [
        placed_words(text, font, gap=gap, by_letter=by_letter, y=700 - 15 * k)
        for k, text in enumerate(PLACED)
    ]
    rows = columns(lines_of(" ".join(drawn), tmp_path, font=font))

    assert " ".join(line.text for row in rows for line in row) == " ".join(PLACED)


def placed_words(text: str, font: str, *, gap: float, by_letter: bool, y: int) -> str:
    """Return a line of type 10 whose words, or letters, are placed by themselves."""
    sheet = FPDF(unit="pt")
    sheet.set_font(font.removesuffix("-Roman"), "", 10)
    x, drawn = 100.0, []
    for word in text.split():
        for part in word if by_letter else [word]:
            drawn.append(f"BT /F 10 Tf {x:.2f} {y} Td ({part}) Tj ET")
            x += sheet.get_string_width(part)
        x += gap * 10
    return " ".join(drawn)


@pytest.mark.parametrize(
    ("drawn", "text"),
    [
        ("(en 1888) Tj /F 7 Tf 3 Ts (1) Tj /F 12 Tf 0 Ts (, il vint) Tj", "en 1888, il vint"),
        ("(en 1888) Tj /F 7 Tf 3 Ts (12) Tj /F 12 Tf 0 Ts (, il vint) Tj", "en 1888, il vint"),
        ("(le soir) Tj /F 7 Tf 3 Ts (3) Tj /F 12 Tf 0 Ts (, il vint) Tj", "le soir, il vint"),
        ("(en 1888, il vint) Tj", "en 1888, il vint"),
    ],
)
def test_a_note_call_leaves_the_digits_before_it(drawn: str, text: str, tmp_path: Path) -> None:
    assert "".join(read(drawn, tmp_path)) == text


@pytest.mark.parametrize("around", ["", "Le vent tomba. "])
def test_a_font_without_a_character_map_is_left_out_and_counted(
    around: str, tmp_path: Path
) -> None:
    font = "/Type/Font/Subtype/Type0/BaseFont/Odd/Encoding/Identity-H/DescendantFonts[7 0 R]"
    descendant = (
        "/Type/Font/Subtype/CIDFontType2/BaseFont/Odd/FontDescriptor 8 0 R"
        "/CIDSystemInfo<</Registry(Adobe)/Ordering(Identity)/Supplement 0>>"
    )
    descriptor = "/Type/FontDescriptor/FontName/Odd/Flags 4"
    content = (
        f"BT /F 12 Tf 1 0 0 1 100 700 Tm ({around}) Tj "
        "/G 12 Tf <004E00370044003700480037001B0037> Tj ET"
    )
    path = tmp_path / "book.pdf"
    path.write_bytes(
        make_page_pdf(
            content,
            resources="",
            fonts="/G 6 0 R",
            extra=[(font, None), (descendant, None), (descriptor, None)],
        )
    )

    with path.open("rb") as file:
        pages = open_book(file.fileno(), max_pages=9, max_text_chars=9999).pages
        (page,) = pages

    assert [line.text for line in page.lines] == [around.strip()] * bool(around)
    assert page.unmapped == 8
