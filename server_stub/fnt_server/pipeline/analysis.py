"""Analysis of a whole book: from pages of lines to paragraphs."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial

from fnt.wire.jobs import ProcessingSettings
from fnt_server.pipeline.document import Analysis, Dropped, Reason
from fnt_server.pipeline.extraction.characters import LOST, check_readable, clean_pages
from fnt_server.pipeline.extraction.pdf_reader import open_book
from fnt_server.pipeline.front_matter.endnotes import without_calls
from fnt_server.pipeline.front_matter.marking import (
    with_contents,
    with_marks,
    without_front_matter,
)
from fnt_server.pipeline.front_matter.split import find_front_matter
from fnt_server.pipeline.layout.footnotes import is_note
from fnt_server.pipeline.layout.geometry import HYPHEN, Line, Page, body_size, with_steady_sizes
from fnt_server.pipeline.layout.running_heads import drop_running_heads
from fnt_server.pipeline.layout.table_of_contents import pages_begun_by, split_table_of_contents
from fnt_server.pipeline.layout.watermarks import drop_watermarks
from fnt_server.pipeline.reading_warnings import find_warnings
from fnt_server.pipeline.selection import check_pages, wanted_chapters
from fnt_server.pipeline.text.paragraphs import place_paragraphs, with_chapters


def analyze(
    descriptor: int,
    settings: ProcessingSettings,
    *,
    max_pages: int,
    max_text_chars: int,
    on_open: Callable[[int], None] = lambda _pages: None,
    second_half: Callable[[], Sequence[Page]] | None = None,
) -> Analysis:
    """Return the paragraphs of an open PDF; raises PdfRejected. Runs in the sandbox.

    `on_open` is called with the number of pages before the first is read. `second_half` returns
    what `read_second_half` has read elsewhere, or nothing.
    """
    book = open_book(
        descriptor, max_pages=max_pages, max_text_chars=max_text_chars, second_half=second_half
    )
    on_open(book.page_count)
    check_pages(settings, page_count=book.page_count)
    pages = with_steady_sizes(clean_pages(book.pages))
    check_readable(pages)
    size = body_size(pages)
    find = partial(place_paragraphs, size=size, fix_hyphenation=settings.fix_hyphenation)
    bare = drop_watermarks(drop_running_heads(pages, size=size), size=size)
    text, contents = split_table_of_contents(bare)
    found, dropped = find(text)
    if not found:  # if all of it looks like headers and numbers, keep all of it
        bare, contents = pages, []
        found, dropped = find(bare)
    matter = find_front_matter(found, info=book.info, contents_pages=pages_begun_by(contents, bare))
    if matter.called:
        found, calls = without_calls(found, matter.called)
        dropped += calls
    if settings.keeps_front_matter:
        paragraphs = with_chapters(with_marks(found, matter.reasons))
        paragraphs = with_contents(paragraphs, contents, page_count=book.page_count)
        contents = []
    else:
        found, left_out = without_front_matter(found, matter.reasons)
        paragraphs = with_chapters(found)
        dropped += left_out
    removed = _removed_lines(pages, bare, size=size)
    dropped = [*removed, *contents, *dropped, *_calls(pages), *_unreadable(pages)]
    return Analysis(
        page_count=book.page_count,
        paragraphs=tuple(wanted_chapters(paragraphs, settings)),
        dropped=tuple(sorted(dropped, key=lambda found: found.page)),
        title=matter.info.title,
        author=matter.info.author,
        warnings=tuple(find_warnings(pages)),
    )


def _removed_lines(
    pages: Sequence[Page], bare: Sequence[Page], *, size: float
) -> Iterator[Dropped]:
    """Yield the lines that were removed from the pages."""
    for page, rest in zip(pages, bare, strict=True):
        kept = {id(line) for line in rest.lines}
        for line in page.lines:
            if id(line) not in kept:
                text = line.text.replace(HYPHEN, "-")
                reason = _reason(line, size=size, height=page.height)
                yield Dropped(text=text, page=page.number, reason=reason)


def _reason(line: Line, *, size: float, height: float) -> Reason:
    if not any(map(str.isalnum, line.text)):
        return "ornament"
    if not any(map(str.isalpha, line.text)):
        return "page number"
    return "footnote" if line.y < 0.5 * height and is_note(line, size=size) else "running head"


def _calls(pages: Sequence[Page]) -> Iterator[Dropped]:
    for page in pages:
        for line in page.lines:
            for call in line.calls:
                yield Dropped(text=call, page=page.number, reason="note call")


def _unreadable(pages: Sequence[Page]) -> Iterator[Dropped]:
    for page in pages:
        if page.unmapped:
            text = f"{page.unmapped} characters of a font without a character map"
            yield Dropped(text=text, page=page.number, reason="unreadable")
        for line in page.lines:
            if LOST in line.text:
                yield Dropped(text=line.text, page=page.number, reason="unreadable")
