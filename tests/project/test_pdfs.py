"""The small PDF files that other tests stand on, read by two libraries."""

from __future__ import annotations

from io import BytesIO

import pypdf
import pypdfium2
import pytest

from pdfs import TEXT, make_encrypted_pdf, make_pdf, make_scan_pdf


def read_text(data: bytes, *, password: str | None = None) -> list[str]:
    with pypdfium2.PdfDocument(data, password=password) as document:
        return [" ".join(page.get_textpage().get_text_range().split()) for page in document]


@pytest.mark.parametrize("pages", [1, 3, 200])
def test_make_pdf_holds_its_text_on_each_page(pages: int) -> None:
    assert read_text(make_pdf(pages=pages)) == [" ".join(TEXT.split())] * pages


def test_make_pdf_takes_any_text_that_fits() -> None:
    text = r"« Œuvre (1) », dit-il… — C’est \ tout."

    assert read_text(make_pdf(text=text)) == [text]
    with pytest.raises(ValueError, match="lines"):
        make_pdf(text="mot " * 1000)


@pytest.mark.parametrize("data", [make_pdf(pages=2), make_scan_pdf(pages=2)])
def test_small_files_are_valid(data: bytes) -> None:
    """Strict reading fails at any flaw of the file's structure."""
    assert len(pypdf.PdfReader(BytesIO(data), strict=True).pages) == 2
    assert len(data) < 2_000


def test_make_scan_pdf_has_no_text() -> None:
    assert read_text(make_scan_pdf()) == [""]


def test_make_encrypted_pdf_needs_its_password() -> None:
    locked = make_encrypted_pdf(user_password="sesame")

    with pytest.raises(pypdfium2.PdfiumError, match="password"):
        read_text(locked)
    assert read_text(locked, password="sesame") == [" ".join(TEXT.split())]


def test_make_encrypted_pdf_opens_with_an_empty_password() -> None:
    assert read_text(make_encrypted_pdf(user_password="")) == [" ".join(TEXT.split())]
