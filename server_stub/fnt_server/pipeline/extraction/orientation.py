"""Orientation and origin of a PDF page; runs only in the sandbox."""

from __future__ import annotations

import math
from typing import Any, Final

import pypdfium2.raw as pdfium

_SAMPLES: Final = 5


def quarter_turns(text_page: Any) -> int:
    """Return the quarter turns clockwise that make most of the page's text upright.

    A few characters are sampled, so that a stamp across the page does not count.
    """
    count = pdfium.FPDFText_CountChars(text_page)
    matrix = pdfium.FS_MATRIX()
    samples = []
    for step in range(1, 2 * _SAMPLES, 2):
        at = step * count // (2 * _SAMPLES)
        while at < count and pdfium.FPDFText_IsGenerated(text_page, at):  # a space by PDFium
            at += 1
        if at < count and pdfium.FPDFText_GetMatrix(text_page, at, matrix):
            samples.append(round(math.atan2(matrix.b, matrix.a) / (math.pi / 2)) % 4)
    return max(samples, key=samples.count, default=0)


def page_corner(page: Any, rotation: int) -> tuple[float, float]:
    """Return the lower left corner of the upright page, which is rarely not at 0, 0."""
    box = pdfium.FS_RECTF()
    pdfium.FPDF_GetPageBoundingBox(page, box)
    corners = [(x, y) for x in (box.left, box.right) for y in (box.bottom, box.top)]
    if rotation:
        corners = [rotated(x, y, rotation * math.pi / 2) for x, y in corners]
    return min(x for x, _ in corners), min(y for _, y in corners)


def rotated(x: float, y: float, angle: float) -> tuple[float, float]:
    """Return a point's position after text at this angle is rotated upright."""
    cos, sin = math.cos(angle), math.sin(angle)
    return x * cos + y * sin, y * cos - x * sin
