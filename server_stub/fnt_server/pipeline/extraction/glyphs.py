"""What PDFium knows of the characters of a text page: where they are, and how large."""

from __future__ import annotations

import ctypes
import math
from typing import Any, Final

import pypdfium2.raw as pdfium

from fnt_server.pipeline.extraction.orientation import rotated

LEAST_SIZE: Final = 0.01
"""Of a character, in points. A matrix may take all height from text, and sizes are divided by."""


class Glyphs:
    """The characters of one text page; holds the buffers that PDFium writes to."""

    def __init__(self, text_page: Any, corner: tuple[float, float]) -> None:
        self._page = text_page
        self._left, self._bottom = corner
        self._x, self._y = ctypes.c_double(), ctypes.c_double()
        self._matrix = pdfium.FS_MATRIX()
        self._box = pdfium.FS_RECTF()
        self._direct = False
        self.count = int(pdfium.FPDFText_CountChars(text_page))

    def text(self) -> str:
        """Return the text of the page; the other methods take indexes into it."""
        buffer = (ctypes.c_ushort * (self.count + 1))()
        written = pdfium.FPDFText_GetText(self._page, 0, self.count, buffer)
        text = bytes(buffer)[: 2 * max(0, written - 1)].decode("utf-16-le", "replace")
        # a character outside the basic plane takes two units, so that indexes drift
        self._direct = len(text) == self.count
        return text

    def place(self, at: int) -> tuple[float, float, float, float]:
        """Return x, y (as on an upright page), size and angle of a character."""
        index = self._index(at)
        pdfium.FPDFText_GetCharOrigin(self._page, index, self._x, self._y)
        pdfium.FPDFText_GetMatrix(self._page, index, self._matrix)
        m = self._matrix
        size = self._size(index)
        if m.b == 0 and m.a > 0:
            return self._x.value - self._left, self._y.value - self._bottom, size, 0.0
        angle = math.atan2(m.b, m.a)
        x, y = rotated(self._x.value, self._y.value, angle)
        return x - self._left, y - self._bottom, size, angle

    def size(self, at: int) -> float:
        """Return the size of a character: its height, and at least LEAST_SIZE."""
        index = self._index(at)
        pdfium.FPDFText_GetMatrix(self._page, index, self._matrix)
        return self._size(index)

    def _size(self, index: int) -> float:
        size = float(pdfium.FPDFText_GetFontSize(self._page, index))
        return max(LEAST_SIZE, size * math.hypot(self._matrix.c, self._matrix.d))

    def right_edge(self, at: int, angle: float) -> float:
        """Return where a character ends, as on an upright page."""
        pdfium.FPDFText_GetLooseCharBox(self._page, self._index(at), self._box)
        box = self._box
        if not angle:
            return float(box.right) - self._left
        corners = [(x, y) for x in (box.left, box.right) for y in (box.top, box.bottom)]
        return max(rotated(x, y, angle)[0] for x, y in corners) - self._left

    def gap_before(self, at: int) -> float:
        """Return the white between a character and the one before it, in points."""
        return self.gap_between(at - 1, at)

    def gap_between(self, before: int, at: int) -> float:
        """Return the white between two characters of a line, in points."""
        box = self._box
        pdfium.FPDFText_GetLooseCharBox(self._page, self._index(before), box)
        end = box.right
        pdfium.FPDFText_GetLooseCharBox(self._page, self._index(at), box)
        return float(box.left - end)

    def is_move(self, at: int) -> bool:
        """Return whether a space is no character, but the way from one text object to another."""
        index = self._index(at)
        if index < 1 or pdfium.FPDFText_IsGenerated(self._page, index) != 1:
            return False
        before, after = (
            ctypes.addressof(handle.contents) if handle else 0
            for side in (index - 1, index + 1)
            for handle in (pdfium.FPDFText_GetTextObject(self._page, side),)
        )
        return before != after

    def is_unmapped(self, at: int) -> bool:
        """Return whether the font does not say which character this is."""
        return bool(pdfium.FPDFText_HasUnicodeMapError(self._page, self._index(at)) == 1)

    def is_drawn(self, at: int) -> bool:
        """Return whether the font draws its characters itself (Type 3): only these have no name."""
        handle = pdfium.FPDFText_GetTextObject(self._page, self._index(at))
        font = pdfium.FPDFTextObj_GetFont(handle) if handle else None
        return bool(font) and pdfium.FPDFFont_GetBaseFontName(font, None, 0) <= 1

    def is_raised(self, at: int, y: float, size: float, *, by_shape: bool) -> bool:
        """Recognize a note call by size and baseline, or by shape if the font has small figures."""
        _, call_y, call_size, angle = self.place(at)
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
