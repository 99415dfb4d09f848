from __future__ import annotations

from pathlib import Path

import pytest

from fnt_server.pipeline.extraction.pdf_reader import open_pages
from pdfs import make_page_pdf


def read(content: str, folder: Path) -> list[str]:
    path = folder / "book.pdf"
    path.write_bytes(make_page_pdf(f"BT /F 12 Tf 1 0 0 1 100 700 Tm {content} ET"))
    _, pages = open_pages(path, max_pages=9, max_text_chars=9999)
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
