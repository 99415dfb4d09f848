"""The part of a book that is wanted."""

from __future__ import annotations

from collections.abc import Sequence

from fnt.wire.chapters import ChapterCounter
from fnt.wire.error_codes import JobErrorCode
from fnt.wire.jobs import ProcessingSettings
from fnt_server.pipeline.document import Paragraph
from fnt_server.pipeline.errors import PdfRejected


def check_pages(settings: ProcessingSettings, *, page_count: int) -> None:
    """Raise PdfRejected if the book has none of the wanted pages."""
    pages = settings.page_ranges
    if pages is not None and not any(page in pages for page in range(1, page_count + 1)):
        raise _nothing(f"the book has no page {pages}: it has {page_count}")


def wanted_chapters(
    paragraphs: Sequence[Paragraph], settings: ProcessingSettings
) -> Sequence[Paragraph]:
    """Return the paragraphs of the wanted chapters; raises PdfRejected if there are none."""
    chapters = settings.chapter_ranges
    if chapters is None:
        return paragraphs
    counter = ChapterCounter()
    kept = [
        paragraph
        for paragraph in paragraphs
        if counter.add(chapter=paragraph.chapter, is_heading=paragraph.kind == "heading")
        in chapters
    ]
    if not kept:
        raise _nothing(f"the book has no chapter {chapters}: it has {counter.number}")
    return kept


def _nothing(message: str) -> PdfRejected:
    return PdfRejected(JobErrorCode.NOTHING_SELECTED, message)
