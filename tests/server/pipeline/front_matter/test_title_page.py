from __future__ import annotations

from pathlib import Path

import pytest

from fnt_server.pipeline.extraction.book_info import BookInfo, read_book_info
from fnt_server.pipeline.extraction.pdf_file import PdfFile
from fnt_server.pipeline.front_matter.title_page import (
    plausible_author,
    plausible_title,
    read_title_page,
)
from pdfs import make_page_pdf


@pytest.mark.parametrize(
    "text",
    ["Microsoft Word - x.doc", "roman_final_v3", "INT QUAI.indd", "untitled", "Document1", "12",
     "http://example.org", "", None, "\x00\x01"],
)  # fmt: skip
def test_a_title_that_a_program_made_up_is_none(text: str | None) -> None:
    assert plausible_title(text) is None


@pytest.mark.parametrize("text", ["admin", "PC-12", "jdupont", "x@example.org", "User", "HP", None])
def test_an_author_that_is_a_machine_is_none(text: str | None) -> None:
    assert plausible_author(text) is None


def test_plausible_names() -> None:
    assert plausible_title(" Le  Passeur\x00 ") == "Le Passeur"
    assert plausible_author("Kervran, Anne") == "Anne Kervran"
    assert plausible_author("Erckmann, Chatrian, etc.") == "Erckmann, Chatrian, etc."


@pytest.mark.parametrize(
    ("shown", "title", "author"),
    [
        ([("Anne Kervran", 12), ("Le Bac", 24), ("roman", 12)], "Le Bac", "Anne Kervran"),
        ([("LE ROMAN DU BAC", 24), ("PAR", 9), ("A. KERVRAN", 14)], "LE ROMAN DU BAC",
         "A. KERVRAN"),
        ([("Le Bac", 24), ("du soir", 24), ("par Anne Kervran", 12)], "Le Bac du soir",
         "Anne Kervran"),
        ([("Le Bac / par Anne Kervran", 12)], "Le Bac", "Anne Kervran"),
        ([("Le Bac", 24), ("PARIS", 12), ("1875", 12)], "Le Bac", None),
    ],
)  # fmt: skip
def test_a_title_page_is_read(
    shown: list[tuple[str, float]], title: str, author: str | None
) -> None:
    assert read_title_page(shown, title=None, author=None) == (title, author)


def info_of(data: bytes, path: Path) -> BookInfo:
    path.write_bytes(data)
    with path.open("rb") as file:
        opened = PdfFile(file.fileno())
        try:
            return read_book_info(opened)
        finally:
            opened.close()


def test_a_file_tells_title_and_author_in_xmp(tmp_path: Path) -> None:
    xmp = (
        "<x:xmpmeta><dc:title><rdf:Alt><rdf:li xml:lang='x-default'>Le Bac &amp; l'eau</rdf:li>"
        "</rdf:Alt></dc:title><dc:creator><rdf:Seq><rdf:li>Anne Kervran</rdf:li></rdf:Seq>"
        "</dc:creator></x:xmpmeta>"
    )
    data = make_page_pdf("", extra=[("/Type/Metadata/Subtype/XML", xmp)])

    assert info_of(data, tmp_path / "x.pdf") == BookInfo(
        title="Le Bac & l'eau", author="Anne Kervran"
    )
    assert info_of(make_page_pdf(""), tmp_path / "y.pdf") == BookInfo()
