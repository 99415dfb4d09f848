"""Running heads of any number of rows: lines above text that continues from the previous page."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from msgspec.structs import replace

from fnt_server.pipeline.layout.geometry import Page
from fnt_server.pipeline.layout.text_flow import TextFlow

ROWS: Final = 3
"""Maximum number of running head or footer rows at one edge of a page."""
SAME_ROW: Final = 2.5
LARGER: Final = 1.08
"""Size of a title, relative to the text."""


def without_lines_above_text(
    pages: Sequence[Page], flow: TextFlow, *, size: float, leading: float
) -> list[Page]:
    """Return the pages without what is above the text of pages on which a paragraph goes on.

    What is larger than the text is a title all the same: verse goes on without any mark.
    """
    if flow.top is None:
        return list(pages)
    limit = flow.top - 0.6 * leading
    above = {
        page.number: [
            line
            for line in page.lines
            if page.height - line.y < limit and line.size < LARGER * size
        ]
        for page in pages
    }
    going_on = [page for page in pages if page.number not in flow.opening]
    heads = [(page.height - line.y, line) for page in going_on for line in above[page.number]]
    if sum(bool(above[page.number]) for page in going_on) < max(ROWS, 0.3 * len(going_on)):
        return list(pages)
    deepest = max(depth for depth, _ in heads) + SAME_ROW
    sizes = {round(line.size, 1) for _, line in heads}
    kept: list[Page] = []
    for page in pages:
        gone = {
            id(line)
            for line in above[page.number]
            if round(line.size, 1) in sizes and page.height - line.y <= deepest
        }
        lines = tuple(line for line in page.lines if id(line) not in gone)
        kept.append(replace(page, lines=lines) if gone and lines else page)
    return kept
