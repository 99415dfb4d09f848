from __future__ import annotations

from pathlib import Path

import pytest

from fnt_server.pipeline.extraction.pdf_reader import open_pages
from pdfs import make_page_pdf


def read(content: str, folder: Path) -> list[str]:
    path = folder / "book.pdf"
    path.write_bytes(make_page_pdf(f"BT /F 12 Tf 1 0 0 1 100 700 Tm {content} ET"))
    with path.open("rb") as opened:
        _, pages = open_pages(opened.fileno(), max_pages=9, max_text_chars=9999)
        return [line.text for page in pages for line in page.lines]


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
        _, pages = open_pages(file.fileno(), max_pages=9, max_text_chars=9999)
        (page,) = pages

    assert [line.text for line in page.lines] == [around.strip()] * bool(around)
    assert page.unmapped == 8
