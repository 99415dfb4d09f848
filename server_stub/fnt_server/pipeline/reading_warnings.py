"""Warnings about anything that could not be read in a book."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Final

from fnt.wire.error_codes import WarningCode
from fnt.wire.jobs import JobWarning
from fnt.wire.ranges import MAX_CHARS, Ranges
from fnt_server.pipeline.extraction.characters import is_unreadable
from fnt_server.pipeline.layout.geometry import Page

_SENTENCES: Final[dict[WarningCode, tuple[str, str]]] = {
    WarningCode.PAGES_WITHOUT_TEXT: (
        "page is an image without text",
        "pages are images without text",
    ),
    WarningCode.UNREADABLE_FONT: (
        "page has characters in a font without a Unicode mapping, left out",
        "pages have characters in a font without a Unicode mapping, left out",
    ),
    WarningCode.UNREADABLE_CHARACTERS: (
        "page has characters without a Unicode mapping, shown as \ufffd",
        "pages have characters without a Unicode mapping, shown as \ufffd",
    ),
    WarningCode.HIDDEN_LAYERS: (
        "page has hidden layers, left out",
        "pages have hidden layers, left out",
    ),
}
_ADVICE: Final = {
    WarningCode.PAGES_WITHOUT_TEXT: ": if they show text, run OCR, for example with ocrmypdf",
    WarningCode.UNREADABLE_FONT: ": run OCR, for example with ocrmypdf --force-ocr",
    WarningCode.UNREADABLE_CHARACTERS: ": compare these pages with the book",
    WarningCode.HIDDEN_LAYERS: "",
}


def find_warnings(pages: Sequence[Page]) -> Iterator[JobWarning]:
    """Yield a warning for each kind of thing that could not be read."""
    last = len(pages)
    found: dict[WarningCode, Callable[[Page], bool]] = {
        # Covers are pictures.
        WarningCode.PAGES_WITHOUT_TEXT: lambda page: page.is_picture and 1 < page.number < last,
        WarningCode.UNREADABLE_FONT: lambda page: page.unmapped > 0,
        WarningCode.UNREADABLE_CHARACTERS: lambda page: any(
            is_unreadable(line.text) for line in page.lines
        ),
        WarningCode.HIDDEN_LAYERS: lambda page: page.has_hidden_layers,
    }
    for code, is_on in found.items():
        numbers = [page.number for page in pages if is_on(page)]
        if numbers:
            words = _SENTENCES[code][len(numbers) > 1]
            yield JobWarning(
                code=code,
                pages=_shown(numbers),
                message=f"{len(numbers)} {words}{_ADVICE[code]}",
            )


def _shown(numbers: Sequence[int]) -> str:
    text = str(Ranges.covering(numbers))
    if len(text) <= MAX_CHARS:
        return text
    return text[: MAX_CHARS + 1].rpartition(",")[0]
