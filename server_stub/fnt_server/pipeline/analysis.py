"""The whole book: from pages of lines to paragraphs."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

from fnt.wire.jobs import ProcessingSettings
from fnt_server.pipeline.document import Analysis
from fnt_server.pipeline.furniture import drop_furniture
from fnt_server.pipeline.layout import body_size
from fnt_server.pipeline.letters import check_readable, clean
from fnt_server.pipeline.paragraphs import find_paragraphs
from fnt_server.pipeline.pdf import open_pages


def analyse(
    path: Path,
    settings: ProcessingSettings,
    *,
    max_pages: int,
    max_text_chars: int,
    on_open: Callable[[int], None] = lambda _pages: None,
) -> Analysis:
    """Return the paragraphs of a PDF; raises PdfRejected. Runs in the limited child.

    `on_open` is told the number of pages before the first is read.
    """
    page_count, raw = open_pages(path, max_pages=max_pages, max_text_chars=max_text_chars)
    on_open(page_count)
    pages = clean(raw)
    check_readable(pages)
    size = body_size(pages)
    find = partial(find_paragraphs, size=size, fix_hyphenation=settings.fix_hyphenation)
    # a document of nothing but headers and numbers is taken as it is
    paragraphs = find(drop_furniture(pages, size=size)) or find(pages)
    return Analysis(page_count=page_count, paragraphs=tuple(paragraphs))
