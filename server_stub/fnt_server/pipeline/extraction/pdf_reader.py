"""Reads the pages of a PDF with PDFium; runs only in the sandbox."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import pypdfium2.raw as pdfium
from msgspec.structs import replace

from fnt.wire.error_codes import JobErrorCode
from fnt_server.pipeline.errors import PdfRejected
from fnt_server.pipeline.extraction.book_info import BookInfo, read_book_info
from fnt_server.pipeline.extraction.line_reader import LineReader
from fnt_server.pipeline.extraction.orientation import page_corner, quarter_turns
from fnt_server.pipeline.extraction.pdf_file import PdfFile
from fnt_server.pipeline.extraction.visible_text import hide_unseen_text, may_have_layers
from fnt_server.pipeline.layout.geometry import Page

_NO_PASSWORD = "the PDF needs a password: remove it first, then send the file again"  # noqa: S105
_DAMAGED = "the file is not a readable PDF: export or download it again"
_INCOMPLETE = "a part of the PDF is missing or damaged: export or download it again"


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenBook:
    """A PDF whose pages can be read, once."""

    page_count: int
    info: BookInfo
    pages: Iterator[Page]


def open_book(
    descriptor: int,
    *,
    max_pages: int,
    max_text_chars: int,
    second_half: Callable[[], Sequence[Page]] | None = None,
) -> OpenBook:
    """Open a PDF; raises PdfRejected. `second_half` may return what was read elsewhere."""
    file, count = _open(descriptor, max_pages)
    return OpenBook(
        page_count=count,
        info=read_book_info(file),
        pages=_iter_book(file, count, max_text_chars, second_half),
    )


def read_second_half(
    descriptor: int, *, max_pages: int, max_text_chars: int, on_open: Callable[[int], None]
) -> list[Page]:
    """Return the pages of the second half; raises PdfRejected, also for half of the text allowed.

    `on_open` is called with their number before the first is read.
    """
    file, count = _open(descriptor, max_pages)
    half = range(_middle(count), count)
    on_open(len(half))
    try:
        return list(_iter_pages(file, half, max_text_chars // 2))
    finally:
        file.close()


def _open(descriptor: int, max_pages: int) -> tuple[PdfFile, int]:
    file = PdfFile(descriptor)
    if not file.handle:
        needs_password = pdfium.FPDF_GetLastError() == pdfium.FPDF_ERR_PASSWORD
        code = JobErrorCode.PDF_ENCRYPTED if needs_password else JobErrorCode.PDF_DAMAGED
        raise PdfRejected(code, _NO_PASSWORD if needs_password else _DAMAGED)
    count = pdfium.FPDF_GetPageCount(file.handle)
    if count < 1:
        file.close()
        raise PdfRejected(JobErrorCode.PDF_DAMAGED, "the PDF has no pages: export it again")
    if count > max_pages:
        file.close()
        raise PdfRejected(
            JobErrorCode.PDF_TOO_MANY_PAGES,
            f"the PDF has {count} pages, the limit is {max_pages}: split it into parts",
        )
    return file, count


def _iter_book(
    file: PdfFile,
    count: int,
    max_text_chars: int,
    second_half: Callable[[], Sequence[Page]] | None,
) -> Iterator[Page]:
    """Yield all pages; the second half as it was read elsewhere, if that can be relied on.

    It was read with half of the text allowed, so the first half must have left as much.
    """
    left, middle = max_text_chars, _middle(count)
    try:
        for page in _iter_pages(file, range(middle), left):
            left -= _text_chars(page)
            yield page
        read = second_half() if second_half and left >= max_text_chars // 2 else ()
        if [page.number for page in read] == list(range(middle + 1, count + 1)):
            yield from read
        else:
            yield from _iter_pages(file, range(middle, count), left)
    finally:
        file.close()


def _iter_pages(file: PdfFile, indexes: range, max_text_chars: int) -> Iterator[Page]:
    left = max_text_chars
    for index in indexes:
        handle = _load_page(file.handle, index)
        shown = None
        if may_have_layers(handle):
            shown = file.hidden_layers.page_without(index)
        if shown is not None:
            pdfium.FPDF_ClosePage(handle)
            page = replace(_read_single_page(shown, index, left), has_hidden_layers=True)
        else:
            page = _read_page(handle, index, left)
        left -= _text_chars(page)
        yield page


def _middle(count: int) -> int:
    return (count + 1) // 2


def _text_chars(page: Page) -> int:
    return sum(len(line.text) for line in page.lines)


def _load_page(document: Any, index: int) -> Any:
    page = pdfium.FPDF_LoadPage(document, index)
    if not page:
        raise PdfRejected(JobErrorCode.PDF_DAMAGED, _INCOMPLETE)
    return page


def _read_single_page(file: bytes, index: int, max_chars: int) -> Page:
    """Read the one page of a file in memory, which was page `index` of the book."""
    document = pdfium.FPDF_LoadMemDocument64(file, len(file), None)
    try:
        return _read_page(_load_page(document, 0), index, max_chars)
    finally:
        pdfium.FPDF_CloseDocument(document)


def _shows_picture(page: Any) -> bool:
    """Return whether an image, or a form that may hold one, is on the page."""
    kinds = (pdfium.FPDF_PAGEOBJ_IMAGE, pdfium.FPDF_PAGEOBJ_FORM)
    return any(
        pdfium.FPDFPageObj_GetType(pdfium.FPDFPage_GetObject(page, index)) in kinds
        for index in range(pdfium.FPDFPage_CountObjects(page))
    )


def _read_page(page: Any, index: int, max_chars: int) -> Page:
    """Read a page and close it."""
    hide_unseen_text(page)
    text_page = pdfium.FPDFText_LoadPage(page)
    try:
        rotation = quarter_turns(text_page) if text_page else 0
        if text_page and rotation != pdfium.FPDFPage_GetRotation(
            page
        ):  # PDFium mixes up the lines of a rotated page
            pdfium.FPDFText_ClosePage(text_page)
            pdfium.FPDFPage_SetRotation(page, rotation)
            text_page = pdfium.FPDFText_LoadPage(page)
        height = pdfium.FPDF_GetPageHeightF(page)
        if not text_page:
            return Page(number=index + 1, height=height, lines=())
        reader = LineReader(text_page, max_chars, page_corner(page, rotation))
        lines = reader.lines()
        return Page(
            number=index + 1,
            height=height,
            lines=lines,
            unmapped=reader.unmapped,
            is_picture=not lines and _shows_picture(page),
        )
    finally:
        if text_page:
            pdfium.FPDFText_ClosePage(text_page)
        pdfium.FPDF_ClosePage(page)
