"""Tables of contents: rows that end in ascending page numbers."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import Final

from msgspec.structs import replace

from fnt_server.pipeline.document import Dropped
from fnt_server.pipeline.layout.columns import group_rows
from fnt_server.pipeline.layout.geometry import Line, Page
from fnt_server.pipeline.layout.numerals import parse_numeral

_ENTRY = re.compile(r"(?:^|[\s.…·_])(\d{1,4}|[ivxlc]{1,7})\.?$", re.IGNORECASE)
_LEADER = re.compile(r"(?:[.…·_]\s?){4}|…\s?…")
_TITLE = re.compile(
    r"(?<!\W)\W*(?:table(?:\s+(?:des\s+(?:mati[èe]res|chapitres|divisions)|analytique))?"
    r"|sommaire|contents)\W*",
    re.IGNORECASE,
)
_FEWEST: Final = 3
_FEWEST_BARE: Final = 6
"""Minimum number of entries if there is no title and no leaders."""


def split_table_of_contents(pages: Sequence[Page]) -> tuple[list[Page], list[Dropped]]:
    """Return the pages without tables of contents, and the dropped lines."""
    kept: list[Page] = []
    dropped: list[Dropped] = []
    goes_on = False
    for page in pages:
        rows = _entries(page, goes_on=goes_on) if _may_hold_entries(page.lines) else []
        goes_on = bool(rows)
        gone = {id(line) for row in rows for line in row}
        dropped += [
            Dropped(
                text=" ".join(line.text for line in row),
                page=page.number,
                reason="table of contents",
            )
            for row in rows
        ]
        rest = tuple(line for line in page.lines if id(line) not in gone) if gone else page.lines
        kept.append(replace(page, lines=rest) if gone else page)
    return kept, dropped


def pages_begun_by(rows: Sequence[Dropped], pages: Sequence[Page]) -> set[int]:
    """Return the pages whose highest row is one of these."""
    highest: dict[int, str] = {}
    for row in rows:
        highest.setdefault(row.page, row.text)
    return {
        page.number
        for page in pages
        if page.number in highest
        and highest[page.number].startswith(max(page.lines, key=lambda line: line.y).text)
    }


def _may_hold_entries(lines: Iterable[Line]) -> bool:
    """Return quickly whether the page can have entries; hardly any page of a novel can."""
    return sum(line.text[-1:].isdecimal() for line in lines) >= _FEWEST


def _entries(page: Page, *, goes_on: bool) -> list[list[Line]]:
    """Return the rows of a table of contents on this page, including its title."""
    rows = group_rows(page.lines)
    texts = [" ".join(line.text for line in row) for row in rows]
    found = [(k, match[1]) for k, text in enumerate(texts) if (match := _ENTRY.search(text))]
    if len(found) < _FEWEST:
        return []
    numbers = [value for _, numeral in found if (value := parse_numeral(numeral)) is not None]
    falls = sum(after < before for before, after in pairwise(numbers))
    first, last = found[0][0], found[-1][0]
    titles = [k for k in range(last) if _TITLE.fullmatch(texts[k])]
    leaders = sum(bool(_LEADER.search(text)) for text in texts)
    sure = titles or goes_on or leaders >= _FEWEST or len(found) >= _FEWEST_BARE
    dense = len(found) >= 0.4 * (last - first + 1)
    if not (sure and dense and falls <= 0.1 * len(found)):
        return []
    start = min([first, *titles])
    return rows[start : last + 1]
