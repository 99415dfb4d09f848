"""Removes text a reader does not see, since PDFium also extracts cropped and invisible text."""

from __future__ import annotations

import ctypes
from collections import defaultdict
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Any, Final, NamedTuple

import pypdfium2.raw as pdfium

_INVISIBLE: Final = (pdfium.FPDF_TEXTRENDERMODE_INVISIBLE, pdfium.FPDF_TEXTRENDERMODE_CLIP)
_MAX_OBJECTS: Final = 20_000
"""Objects of a page that are checked; ten times what a page of a book has."""
_MAX_DEPTH: Final = 6
"""Maximum nesting of form objects; deeper ones are not processed."""
_TOLERANCE: Final = 1.0
"""Tolerance, in points, for a text whose center is outside the visible box."""
_STRIP: Final = 36.0
"""Height, in points, of the strips used to search for overlapping text."""

_OC_BYTES: Final = 6
"""Length of the mark's name in bytes: UTF-16, with terminator."""


class Box(NamedTuple):
    """A rectangle in points; y increases upward."""

    left: float
    bottom: float
    right: float
    top: float

    def holds_middle_of(self, other: Box, *, margin: float = 0.0) -> bool:
        """Return whether the center of another box is inside this one, enlarged by `margin`."""
        x, y = (other.left + other.right) / 2, (other.bottom + other.top) / 2
        return (
            self.left - margin <= x <= self.right + margin
            and self.bottom - margin <= y <= self.top + margin
        )


def hide_unseen_text(page: Any) -> None:
    """Hide cropped text, and OCR text that duplicates visible text."""
    visible = visible_box(page)
    seen: list[tuple[Any, Box]] = []
    invisible: list[tuple[Any, Box]] = []
    sides = tuple(ctypes.c_float() for _ in range(4))
    for matrices, handle, kind in islice(_iter_objects(page), _MAX_OBJECTS):
        if kind != pdfium.FPDF_PAGEOBJ_TEXT:
            continue
        box = _placed(_bounds(handle, sides), matrices)
        if not visible.holds_middle_of(box, margin=_TOLERANCE):
            pdfium.FPDFPageObj_SetIsActive(handle, 0)
        elif pdfium.FPDFTextObj_GetTextRenderMode(handle) in _INVISIBLE:
            invisible.append((handle, box))
        else:
            seen.append((handle, box))
    if invisible:
        _hide_repeated(seen, invisible, visible)


def may_have_layers(page: Any) -> bool:
    """Return whether the page has optional content or form objects, which may be optional."""
    for index in range(pdfium.FPDFPage_CountObjects(page)):
        handle = pdfium.FPDFPage_GetObject(page, index)
        if pdfium.FPDFPageObj_GetType(handle) == pdfium.FPDF_PAGEOBJ_FORM or _is_optional(handle):
            return True
    return False


def _is_optional(handle: Any) -> bool:
    for place in range(pdfium.FPDFPageObj_CountMarks(handle)):
        name, length = (ctypes.c_ushort * 4)(), ctypes.c_ulong()
        mark = pdfium.FPDFPageObj_GetMark(handle, place)
        pdfium.FPDFPageObjMark_GetName(mark, name, ctypes.sizeof(name), length)
        if length.value == _OC_BYTES and bytes(name)[:4].decode("utf-16-le") == "OC":
            return True
    return False


def visible_box(page: Any) -> Box:
    """Return the visible part of the page: the intersection of crop box and media box."""
    rectangle = pdfium.FS_RECTF()
    pdfium.FPDF_GetPageBoundingBox(page, rectangle)
    return Box(rectangle.left, rectangle.bottom, rectangle.right, rectangle.top)


def _hide_repeated(
    seen: list[tuple[Any, Box]], invisible: list[tuple[Any, Box]], visible: Box
) -> None:
    """Hide invisible text that overlaps visible text or earlier invisible text."""
    strips: defaultdict[int, list[Box]] = defaultdict(list)
    for _, box in seen:
        _note(strips, box, visible)
    for handle, box in invisible:
        below = strips[int((box.bottom + box.top) / 2 // _STRIP)]
        if any(other.holds_middle_of(box) for other in below):
            pdfium.FPDFPageObj_SetIsActive(handle, 0)
        else:
            _note(strips, box, visible)


def _note(strips: defaultdict[int, list[Box]], box: Box, visible: Box) -> None:
    lowest, highest = max(box.bottom, visible.bottom), min(box.top, visible.top)
    for strip in range(int(lowest // _STRIP), int(highest // _STRIP) + 1):
        strips[strip].append(box)


def _iter_objects(
    container: Any, matrices: tuple[Any, ...] = ()
) -> Iterator[tuple[tuple[Any, ...], Any, int]]:
    """Yield each object, its kind, and the matrices of its enclosing forms, innermost first."""
    if matrices:
        count, read = pdfium.FPDFFormObj_CountObjects, pdfium.FPDFFormObj_GetObject
    else:
        count, read = pdfium.FPDFPage_CountObjects, pdfium.FPDFPage_GetObject
    for index in range(count(container)):
        handle = read(container, index)
        kind = pdfium.FPDFPageObj_GetType(handle)
        yield matrices, handle, kind
        if kind == pdfium.FPDF_PAGEOBJ_FORM and len(matrices) < _MAX_DEPTH:
            matrix = pdfium.FS_MATRIX()
            pdfium.FPDFPageObj_GetMatrix(handle, matrix)
            yield from _iter_objects(handle, (matrix, *matrices))


def _bounds(handle: Any, sides: Sequence[ctypes.c_float]) -> Box:
    """Return where an object is; `sides` is what PDFium writes to, 0 again if it does not."""
    left, bottom, right, top = sides
    left.value = bottom.value = right.value = top.value = 0.0
    pdfium.FPDFPageObj_GetBounds(handle, left, bottom, right, top)
    return Box(left.value, bottom.value, right.value, top.value)


def _placed(box: Box, matrices: tuple[Any, ...]) -> Box:
    for m in matrices:
        corners = [(x, y) for x in (box.left, box.right) for y in (box.bottom, box.top)]
        xs = [m.a * x + m.c * y + m.e for x, y in corners]
        ys = [m.b * x + m.d * y + m.f for x, y in corners]
        box = Box(min(xs), min(ys), max(xs), max(ys))
    return box
