"""Reads lines of text with their geometry from PDFium; runs only in the sandbox."""

from __future__ import annotations

import ctypes
import math
import re
import unicodedata
from collections.abc import Iterator
from typing import Any

import pypdfium2.raw as pdfium

from fnt.wire.errors import JobErrorCode
from fnt_server.pipeline.errors import PdfRejected
from fnt_server.pipeline.extraction.characters import ACCENTS
from fnt_server.pipeline.extraction.optional_content import HiddenLayers
from fnt_server.pipeline.extraction.orientation import page_corner, quarter_turns, rotated
from fnt_server.pipeline.extraction.pdf_file import PdfFile
from fnt_server.pipeline.extraction.spaces import MIN_SPACE, spaces_wanted
from fnt_server.pipeline.extraction.visible_text import hide_unseen_text, may_have_layers
from fnt_server.pipeline.layout.geometry import HYPHEN, Line, Page

_LINE_END = re.compile(r"\r\n?|\n|[\x02\ufffe\xad](?:\r\n)?")
_HYPHENS = ("\x02", "\ufffe", "\xad")
_CALL = re.compile(r"(?<=[\w»”\"!?.,;:…’)])[ \xa0]?(?:\d{1,3}|[*†‡]{1,3}|\(\d{1,3}\))(?![\w°])")
"""What a note call may look like; its size and height decide."""
_MAY_BE_UNMAPPED = re.compile(r"\w[;:<=>@?\d]\w|[\x01\x03-\x08\x0e-\x1f]")
"""What lines in a font without a character map hold: codes of glyphs taken for characters."""
_ACCENTED = frozenset("AEIOUCaeiouc")
_HARD_HYPHEN = re.compile(r"(?<=[^\W_])[-\u2010]$")

_NO_PASSWORD = "the PDF needs a password: remove it first, then send the file again"  # noqa: S105
_DAMAGED = "the file is not a readable PDF: export or download it again"
_INCOMPLETE = "a part of the PDF is missing or damaged: export or download it again"


def open_pages(
    descriptor: int, *, max_pages: int, max_text_chars: int
) -> tuple[int, Iterator[Page]]:
    """Return the number of pages and the pages themselves; raises PdfRejected."""
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
    return count, _iter_pages(file, count, max_text_chars)


def _iter_pages(file: PdfFile, count: int, max_text_chars: int) -> Iterator[Page]:
    left = max_text_chars
    layers: HiddenLayers | None = None
    try:
        for index in range(count):
            handle = _load_page(file.handle, index)
            shown = None
            if may_have_layers(handle):
                layers = layers or HiddenLayers(file.read_all())
                shown = layers.page_without(index)
            if shown is not None:
                pdfium.FPDF_ClosePage(handle)
                page = _read_single_page(shown, index, left)
            else:
                page = _read_page(handle, index, left)
            left -= sum(len(line.text) for line in page.lines)
            yield page
    finally:
        file.close()


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
        reader = _Reader(text_page, max_chars, page_corner(page, rotation))
        lines = reader.lines()
        return Page(number=index + 1, height=height, lines=lines, unmapped=reader.unmapped)
    finally:
        if text_page:
            pdfium.FPDFText_ClosePage(text_page)
        pdfium.FPDF_ClosePage(page)


class _Reader:
    """Reads one text page; holds the buffers that PDFium writes to."""

    def __init__(self, text_page: Any, max_chars: int, corner: tuple[float, float]) -> None:
        self._page = text_page
        self._left, self._bottom = corner
        self._count = pdfium.FPDFText_CountChars(text_page)
        if self._count > max_chars:
            message = "the PDF contains more text than the longest novel: split it into parts"
            raise PdfRejected(JobErrorCode.PDF_LIMIT, message)
        self._x, self._y = ctypes.c_double(), ctypes.c_double()
        self._matrix = pdfium.FS_MATRIX()
        self._box = pdfium.FS_RECTF()
        self.unmapped = 0
        """Characters left out so far, because their font does not say which they are."""

    def lines(self) -> tuple[Line, ...]:
        if self._count < 1:
            return ()
        buffer = (ctypes.c_ushort * (self._count + 1))()
        written = pdfium.FPDFText_GetText(self._page, 0, self._count, buffer)
        text = bytes(buffer)[: 2 * max(0, written - 1)].decode("utf-16-le", "replace")
        # a character outside the basic plane takes two units, so that indexes drift
        self._direct = len(text) == self._count
        found = []
        start = 0
        for end in _LINE_END.finditer(text):
            if end.group() in _HYPHENS and self._goes_on(end.start() - 1, end.end()):
                continue
            hyphen = "" if end.group()[0] in "\r\n" else HYPHEN
            found.append(self._line(text, start, end.start(), hyphen))
            start = end.end()
        found.append(self._line(text, start, len(text), ""))
        return tuple(line for line in found if line)

    def _line(self, text: str, start: int, end: int, hyphen: str) -> Line | None:
        stripped = text[start:end].strip(" \xa0\t\0")
        if not stripped:
            return None
        start = text.index(stripped, start)
        end = start + len(stripped)
        x0, y, size, angle = self._place(start)
        if len(stripped) > 3:
            size = self._usual_size(text, start, end, size)
        x1 = self._right_edge(end - 1, angle)
        letters = list(stripped)
        if not angle:
            self._add_spaces(letters, start, size)
        calls = (
            self._take_calls(letters, stripped, start, y, size) if _CALL.search(stripped) else ()
        )
        if _MAY_BE_UNMAPPED.search(stripped):
            self._take_unmapped(letters, start)
        stripped = "".join(letters).strip()
        if not stripped:
            return None
        stripped = stripped.replace("\xad", "").replace("\x02", "-").replace("\ufffe", "-")
        if stripped[-1] in ACCENTS and not calls:
            stripped = self._with_accents(text, start, end)
        if _HARD_HYPHEN.search(stripped):
            stripped, hyphen = stripped[:-1], HYPHEN
        return Line(text=stripped + hyphen, x0=x0, x1=x1, y=y, size=size, calls=calls)

    def _usual_size(self, text: str, start: int, end: int, first: float) -> float:
        """Return the size of most of a line, ignoring a large initial or a note call."""
        middle = self._size_near((start + end) // 2, text, end)
        if abs(middle - first) < 0.02 * first:
            return middle
        quarter = (end - start) // 4
        others = [self._size_near(at, text, end) for at in (start + quarter, end - quarter)]
        return sorted((middle, *others))[1]

    def _size_near(self, at: int, text: str, end: int) -> float:
        """Return the size of the first letter from here on: PDFium makes up spaces."""
        while at < end - 1 and not text[at].isalnum():
            at += 1
        return self._place(at)[2]

    def _with_accents(self, text: str, start: int, end: int) -> str:
        """Return the line with the accents that PDFium put at its end combined with their letters.

        TeX raises them above capitals, so that they look like a separate line.
        """
        letters = list(text[start:end])
        places = [self._place(at)[0] for at in range(start, end)]
        capitals = [k for k, letter in enumerate(letters) if letter in _ACCENTED]
        while capitals and letters[-1] in ACCENTS:
            mark, x = ACCENTS[letters.pop()], places[len(letters)]
            under = min(capitals, key=lambda k: abs(places[k] - x))
            letters[under] = unicodedata.normalize("NFC", letters[under] + mark)
            while letters[-1].isspace():
                letters.pop()
        return "".join(letters)

    def _goes_on(self, before: int, after: int) -> bool:
        """Return whether the text continues on the same line."""
        if before < 0 or after >= self._count:
            return False
        x, y, size, _ = self._place(before)
        next_x, next_y, _, _ = self._place(after)
        return next_x > x and abs(next_y - y) < 0.2 * size

    def _place(self, at: int) -> tuple[float, float, float, float]:
        """Return x, y (as on an upright page), size and angle of a character."""
        index = self._index(at)
        pdfium.FPDFText_GetCharOrigin(self._page, index, self._x, self._y)
        pdfium.FPDFText_GetMatrix(self._page, index, self._matrix)
        m = self._matrix
        size = pdfium.FPDFText_GetFontSize(self._page, index) * math.hypot(m.c, m.d)
        if m.b == 0 and m.a > 0:
            return self._x.value - self._left, self._y.value - self._bottom, size, 0.0
        angle = math.atan2(m.b, m.a)
        x, y = rotated(self._x.value, self._y.value, angle)
        return x - self._left, y - self._bottom, size, angle

    def _right_edge(self, at: int, angle: float) -> float:
        pdfium.FPDFText_GetLooseCharBox(self._page, self._index(at), self._box)
        box = self._box
        if not angle:
            return float(box.right) - self._left
        corners = [(x, y) for x in (box.left, box.right) for y in (box.top, box.bottom)]
        return max(rotated(x, y, angle)[0] for x, y in corners) - self._left

    def _add_spaces(self, letters: list[str], start: int, size: float) -> None:
        """Put a space where the line shows white that no character stands for."""
        for place in spaces_wanted("".join(letters)):
            if self._gap_before(start + place) > MIN_SPACE * size:
                letters[place] = " " + letters[place]

    def _take_unmapped(self, letters: list[str], start: int) -> None:
        """Empty the places of characters whose font does not say which they are."""
        for place, letter in enumerate(letters):
            index = self._index(start + place)
            if letter and pdfium.FPDFText_HasUnicodeMapError(self._page, index) == 1:
                letters[place] = ""
                self.unmapped += not letter.isspace()

    def _gap_before(self, at: int) -> float:
        """Return the white between a character and the one before it, in points."""
        box = self._box
        pdfium.FPDFText_GetLooseCharBox(self._page, self._index(at - 1), box)
        end = box.right
        pdfium.FPDFText_GetLooseCharBox(self._page, self._index(at), box)
        return float(box.left - end)

    def _take_calls(
        self, letters: list[str], text: str, start: int, y: float, size: float
    ) -> tuple[str, ...]:
        """Empty the places of small raised figures after a word, and return these."""
        calls = []
        for call in _CALL.finditer(text):
            last = call.end() - 1 if text[call.end() - 1] != ")" else call.end() - 2
            is_digit = text[last].isdigit()
            if call.start() == 0 or not self._is_raised(start + last, y, size, by_shape=is_digit):
                continue
            first = last
            while first > call.start() and (
                not is_digit or self._is_raised(start + first - 1, y, size, by_shape=True)
            ):
                first -= 1
            if text[first - 1] in "( \xa0":
                first -= 1
            calls.append(text[first : call.end()].strip())
            letters[first : call.end()] = [""] * (call.end() - first)
        return tuple(calls)

    def _is_raised(self, at: int, y: float, size: float, *, by_shape: bool) -> bool:
        """Recognize a note call by size and baseline, or by shape if the font has small figures."""
        _, call_y, call_size, angle = self._place(at)
        if not by_shape or (call_size < 0.85 * size and call_y > y + 0.1 * size):
            return call_size < 0.85 * size
        sides = [ctypes.c_double() for _ in range(4)]
        pdfium.FPDFText_GetCharBox(self._page, self._index(at), *sides)
        left, right, bottom, top = (side.value for side in sides)
        corners = [rotated(x, z, angle) for x in (left, right) for z in (bottom, top)]
        width = max(x for x, _ in corners) - min(x for x, _ in corners)
        foot, head = min(z for _, z in corners), max(z for _, z in corners)
        raised = foot - self._bottom > y + 0.2 * size
        return width < 0.45 * size and raised and head - foot > 0.25 * size

    def _index(self, at: int) -> int:
        if self._direct:
            return at
        return max(0, int(pdfium.FPDFText_GetCharIndexFromTextIndex(self._page, at)))
