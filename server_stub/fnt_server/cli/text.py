"""`fnt-server text`: shows what the pipeline extracts from a PDF."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fnt.wire.jobs import ProcessingSettings
from fnt_server.config.environment import ConfigError
from fnt_server.logs import escaped
from fnt_server.pipeline.document import Analysis
from fnt_server.sandbox.pipeline_process import PipelineProcess

_RANGE = re.compile(r"(\d{1,6})?(-)?(\d{1,6})?")


@dataclass(frozen=True, slots=True, kw_only=True)
class Pages:
    """A range of pages, both ends included."""

    first: int
    last: int

    @classmethod
    def parse(cls, text: str) -> Pages:
        """Read `A-B`, `A-`, `-B` or `A`; raises ConfigError."""
        match = _RANGE.fullmatch(text)
        if match and (match[1] or match[3]):
            first = int(match[1] or 1)
            last = int(match[3]) if match[3] else (10**6 if match[2] else first)
            if 1 <= first <= last:
                return cls(first=first, last=last)
        raise ConfigError(f"--pages {escaped(text)} is not a page range: use 3-7, 3- or 3")

    def __contains__(self, page: int) -> bool:
        """Return whether a page is in the range."""
        return self.first <= page <= self.last


def read(path: Path) -> Analysis:
    """Analyze a book in the sandbox; raises ConfigError, PdfRejected, ExtractionCrashed."""
    if not path.is_file():
        raise ConfigError(f"file {escaped(str(path))} not found")
    with PipelineProcess() as process:
        return process.inspect(path, ProcessingSettings())


def as_lines(analysis: Analysis, pages: Pages) -> Iterator[str]:
    """Yield the pages with paragraphs and headings in reading order, then what was dropped."""
    for page in range(pages.first, min(pages.last, analysis.page_count) + 1):
        yield f"--- page {page} of {analysis.page_count}"
        for paragraph in analysis.paragraphs:
            if paragraph.page == page:
                mark = "# " if paragraph.kind == "heading" else "  "
                yield mark + _shown(paragraph.text)
        for dropped in analysis.dropped:
            if dropped.page == page:
                yield f"- {dropped.reason}: {_shown(dropped.text)}"


def as_json(analysis: Analysis, pages: Pages) -> dict[str, Any]:
    """Return the same as a JSON object."""
    return {
        "page_count": analysis.page_count,
        "paragraphs": [
            {"text": found.text, "page": found.page, "chapter": found.chapter, "kind": found.kind}
            for found in analysis.paragraphs
            if found.page in pages
        ],
        "dropped": [found.to_json() for found in analysis.dropped if found.page in pages],
        "title": analysis.title,
        "author": analysis.author,
        "warnings": [warning.to_wire() for warning in analysis.warnings],
    }


def _shown(text: str) -> str:
    return escaped(" ".join(text.split()))
