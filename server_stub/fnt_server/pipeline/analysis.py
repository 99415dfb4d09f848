"""Analysis of a whole book: from pages of lines to paragraphs."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial

from fnt.wire.jobs import ProcessingSettings
from fnt_server.pipeline.document import Analysis, Dropped, Reason
from fnt_server.pipeline.extraction.characters import LOST, check_readable, clean_pages
from fnt_server.pipeline.extraction.pdf_reader import open_pages
from fnt_server.pipeline.layout.footnotes import is_note
from fnt_server.pipeline.layout.geometry import Line, Page, body_size, with_steady_sizes
from fnt_server.pipeline.layout.running_heads import drop_running_heads
from fnt_server.pipeline.layout.table_of_contents import split_table_of_contents
from fnt_server.pipeline.layout.watermarks import drop_watermarks
from fnt_server.pipeline.text.paragraphs import find_paragraphs


def analyze(
    descriptor: int,
    settings: ProcessingSettings,
    *,
    max_pages: int,
    max_text_chars: int,
    on_open: Callable[[int], None] = lambda _pages: None,
) -> Analysis:
    """Return the paragraphs of an open PDF; raises PdfRejected. Runs in the sandbox.

    `on_open` is called with the number of pages before the first is read.
    """
    page_count, raw = open_pages(descriptor, max_pages=max_pages, max_text_chars=max_text_chars)
    on_open(page_count)
    pages = with_steady_sizes(clean_pages(raw))
    check_readable(pages)
    size = body_size(pages)
    find = partial(find_paragraphs, size=size, fix_hyphenation=settings.fix_hyphenation)
    bare = drop_watermarks(drop_running_heads(pages, size=size), size=size)
    text, contents = split_table_of_contents(bare)
    paragraphs, dropped = find(text)
    if not paragraphs:  # if all of it looks like headers and numbers, keep all of it
        bare, contents = pages, []
        paragraphs, dropped = find(bare)
    dropped = [*_removed_lines(pages, bare, size=size), *contents, *dropped, *_calls(pages)]
    dropped += _unreadable(pages)
    return Analysis(
        page_count=page_count,
        paragraphs=tuple(paragraphs),
        dropped=tuple(sorted(dropped, key=lambda found: found.page)),
    )


def _removed_lines(
    pages: Sequence[Page], bare: Sequence[Page], *, size: float
) -> Iterator[Dropped]:
    """Yield the lines that were removed from the pages."""
    for page, rest in zip(pages, bare, strict=True):
        kept = {id(line) for line in rest.lines}
        for line in page.lines:
            if id(line) not in kept:
                yield Dropped(text=line.text, page=page.number, reason=_reason(line, size=size))


def _reason(line: Line, *, size: float) -> Reason:
    if not any(map(str.isalnum, line.text)):
        return "ornament"
    if not any(map(str.isalpha, line.text)):
        return "page number"
    return "footnote" if is_note(line, size=size) else "running head"


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
