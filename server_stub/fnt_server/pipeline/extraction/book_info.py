"""Title and author as the file tells them: in its Info dictionary, or in XMP."""

from __future__ import annotations

import ctypes
import html
import re
from dataclasses import dataclass
from typing import Any, Final

import pypdfium2.raw as pdfium

from fnt_server.pipeline.extraction.pdf_file import PdfFile

_MOST_BYTES: Final = 2000
_XMP_BYTES: Final = 4 << 20
"""Looked through for XMP at each end of a file that has no Info."""
_XMP_VALUE: Final = rb"<dc:%s>\s*<rdf:\w+>\s*<rdf:li[^>]{0,80}>([^<]{1,600})</rdf:li>"


@dataclass(frozen=True, slots=True, kw_only=True)
class BookInfo:
    """What a book is called, and who wrote it, as far as that is known."""

    title: str | None = None
    author: str | None = None


def read_book_info(file: PdfFile) -> BookInfo:
    """Return what the file says; whether it is plausible is not its concern."""
    title, author = _info(file.handle, b"Title"), _info(file.handle, b"Author")
    if title is None or author is None:
        packet = file.read_ends(_XMP_BYTES)
        title = title or _xmp(packet, b"title")
        author = author or _xmp(packet, b"creator")
    return BookInfo(title=title, author=author)


def _info(document: Any, name: bytes) -> str | None:
    buffer = ctypes.create_string_buffer(_MOST_BYTES)
    length = pdfium.FPDF_GetMetaText(document, name, buffer, _MOST_BYTES)
    if not 2 < length <= _MOST_BYTES:
        return None
    text = buffer.raw[: length - 2].decode("utf-16-le", errors="replace").strip()
    return text or None


def _xmp(packet: bytes, name: bytes) -> str | None:
    found = re.search(_XMP_VALUE % name, packet)
    if found is None:
        return None
    return html.unescape(found[1].decode(errors="replace")).strip() or None
