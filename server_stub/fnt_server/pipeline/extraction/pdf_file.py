"""A PDF handed over as a descriptor, for PDFium to read: the sandbox can open no path."""

from __future__ import annotations

import ctypes
import os
from functools import cached_property
from typing import Any

import pypdfium2.raw as pdfium

from fnt_server.pipeline.extraction.optional_content import HiddenLayers


class PdfFile:
    """An open file. `handle` is PDFium's document, None where PDFium cannot read it."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._size = os.lseek(descriptor, 0, os.SEEK_END)
        # PDFium holds the address of this for as long as the document is open.
        self._access = pdfium.FPDF_FILEACCESS(self._size, _READ_BLOCK, descriptor)
        self.handle: Any = pdfium.FPDF_LoadCustomDocument(ctypes.byref(self._access), None)

    @cached_property
    def hidden_layers(self) -> HiddenLayers:
        """The layers that are off; to find them, the whole file is read again."""
        return HiddenLayers(os.pread(self._descriptor, self._size, 0))

    def read_ends(self, size: int) -> bytes:
        """Return up to `size` bytes from the beginning of the file and from its end."""
        rest = max(0, self._size - size)
        beginning = os.pread(self._descriptor, size, 0)
        return beginning + os.pread(self._descriptor, min(rest, size), max(size, rest))

    def close(self) -> None:
        """Close the document; the descriptor stays open."""
        pdfium.FPDF_CloseDocument(self.handle)


def _read_block(descriptor: int | None, position: int, target: Any, size: int) -> int:
    """Copy a part of the file to where PDFium wants it; 0 when that is not possible."""
    try:
        data = os.pread(descriptor or 0, size, position)
    except OSError:
        return 0
    ctypes.memmove(target, data, len(data))
    return len(data) == size


_READ_BLOCK = type(pdfium.FPDF_FILEACCESS().m_GetBlock)(_read_block)
"""Made once, and before a sandbox forbids the memory it needs."""
