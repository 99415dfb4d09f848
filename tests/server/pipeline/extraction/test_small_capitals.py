from __future__ import annotations

from pathlib import Path

import pytest

from fnt_server.pipeline.extraction.pdf_reader import open_book
from fnt_server.pipeline.layout.columns import columns
from fnt_server.pipeline.layout.geometry import Line
from pdfs import make_page_pdf


def read(content: str, folder: Path) -> Line:
    path = folder / "book.pdf"
    path.write_bytes(make_page_pdf(f"BT 1 0 0 1 100 700 Tm {content} ET"))
    with path.open("rb") as opened:
        book = open_book(opened.fileno(), max_pages=9, max_text_chars=9999)
        [line] = [line for page in book.pages for part in columns(page.lines) for line in part]
        return line


@pytest.mark.parametrize(
    ("drawn", "text"),
    [
        ("/F 12 Tf (L) Tj /F 9 Tf (E VENT) Tj /F 12 Tf ( du soir) Tj", "Le vent du soir"),
        ("/F 12 Tf (U) Tj /F 9 Tf (NE ) Tj /F 12 Tf (N) Tj /F 9 Tf (UIT) Tj", "Une Nuit"),
        ("/F 12 Tf (L\xb4) Tj /F 9 Tf (\xc9T\xc9 DE) Tj /F 12 Tf ( Rouen) Tj", "L\xb4été de Rouen"),
        ("/F 12 Tf (Au ) Tj /F 9 Tf (XIX) Tj /F 12 Tf (e si\xe8cle) Tj", "Au XIXe siècle"),
        ("/F 12 Tf (Louis ) Tj /F 9 Tf (XIV) Tj /F 12 Tf ( vint) Tj", "Louis XIV vint"),
        ("/F 12 Tf (C) Tj /F 9 Tf (HAPITRE) Tj /F 9 Tf ( II) Tj", "Chapitre II"),
        ("/F 12 Tf (V) Tj /F 9 Tf (IVRE ICI) Tj /F 12 Tf ( seul) Tj", "Vivre ici seul"),
        (
            "/F 12 Tf (Il dit NON et OUI et PAS \xe0 A) Tj /F 9 Tf (RMAND) Tj",
            "Il dit NON et OUI et PAS à Armand",
        ),
        ("/F 12 Tf (CHAPITRE II) Tj", "CHAPITRE II"),
        ("/F 12 Tf (la S.N.C.F. et MacMahon) Tj", "la S.N.C.F. et MacMahon"),
    ],
)
def test_small_capitals_are_small_letters(drawn: str, text: str, tmp_path: Path) -> None:
    line = read(drawn, tmp_path)

    assert (line.text, line.size) == (text, 12)
