"""Groups lines into blocks: paragraphs and title lines."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

from fnt_server.pipeline.layout.geometry import HYPHEN, Line
from fnt_server.pipeline.layout.margins import Column, Typesetting
from fnt_server.pipeline.text.hyphenation import Vocabulary

_DASH = re.compile(r"[-–—―]\s?(?!\d)")
_ENDED = re.compile(r"(?:[.!?…:]|(?<![\s»”\")])[\s)]*+[»”\"])[\s»”\")]*+$")
_FIRST_WORD = re.compile(r"\w*+")
_INITIAL = re.compile(r"[^\W\d_]['’]?$")
_TWO_MEANINGS: Final = frozenset("ÀAÔOY")
"""Drop capitals that can also be a word."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """Lines that belong together, and their position on the page."""

    lines: tuple[Line, ...]
    pages: tuple[int, ...]
    """The page of each line."""
    column: Column
    apart: bool
    """There is more space than usual above it, or nothing at all."""


def iter_blocks(columns: Sequence[Column], typesetting: Typesetting) -> Iterator[Block]:
    """Yield the blocks of a book; a block may span columns and pages."""
    lines: list[Line] = []
    pages: list[int] = []
    home, apart, previous_column = None, True, None
    for column in columns:
        for line in column.lines:
            above = lines[-1] if lines else None
            same = column is previous_column
            if above and home and _begins_block(above, line, column, typesetting, same_column=same):
                yield Block(lines=tuple(lines), pages=tuple(pages), column=home, apart=apart)
                apart = not same or above.y - line.y > 1.35 * typesetting.leading
                lines, pages = [], []
            if not lines:
                home = column
            lines.append(line)
            pages.append(column.page)
            previous_column = column
    if home:
        yield Block(lines=tuple(lines), pages=tuple(pages), column=home, apart=apart)


def _begins_block(
    above: Line, line: Line, column: Column, typesetting: Typesetting, *, same_column: bool
) -> bool:
    larger, smaller = max(above.size, line.size), min(above.size, line.size)
    if larger > 1.08 * smaller:
        return not (above.text.endswith(HYPHEN) and larger < 1.2 * smaller)
    gap = above.y - line.y
    if same_column and gap > 1.35 * max(typesetting.leading, 1.25 * line.size):
        return True
    if above.text.endswith(HYPHEN):
        return False
    shift = line.x0 - column.left
    if typesetting.hanging and shift < 1.5 * typesetting.indent:
        return shift < 0.6 * typesetting.size
    if shift > 0.6 * typesetting.size:
        return not _is_quote(above, line, column, typesetting)
    return _stops_short(above, line, column, typesetting)


def _is_quote(above: Line, line: Line, column: Column, typesetting: Typesetting) -> bool:
    """Return whether both lines are in a passage that is indented more than paragraphs are."""
    shift = line.x0 - column.left
    deeper = not typesetting.indents or shift > typesetting.indent + 0.6 * typesetting.size
    return deeper and abs(above.x0 - line.x0) < 1.5 and not _fits_above(above, line, column)


def _stops_short(above: Line, line: Line, column: Column, typesetting: Typesetting) -> bool:
    """Return whether a paragraph ended although the next one is not indented."""
    if not _ENDED.search(above.text):
        return False
    if _fits_above(above, line, column):
        return True
    return not typesetting.indents and bool(_DASH.match(line.text))


def _fits_above(above: Line, line: Line, column: Column) -> bool:
    """Return whether the first word would have fit into the line above."""
    width = (line.x1 - line.x0) / max(1, len(line.text))
    word = line.text.split(" ", maxsplit=1)[0]  # no-break spaces do not break lines
    offset = column.right - column.left
    return above.x1 - _left_of(above, column) + width * (len(word) + 2) < offset


def _left_of(line: Line, column: Column) -> float:
    """Return the left margin of a line that may be in another column than `column`."""
    inside = column.left - 1 <= line.x0 < column.right
    return column.left if inside else line.x0


def merge_drop_caps(lines: Sequence[Line], vocabulary: Vocabulary, *, size: float) -> list[Line]:
    """Return the lines with drop caps joined to their words."""
    result = list(lines)
    for cap in [line for line in lines if line.size > 1.6 * size and len(line.text) <= 3]:
        beside = [line for line in result if _is_beside(line, cap, size)]
        if not beside or not _INITIAL.search(cap.text):
            continue
        first = max(beside, key=lambda line: line.y)
        for line in beside:
            result[result.index(line)] = (
                replace(line, text=_with_cap(cap.text, line.text, vocabulary), x0=cap.x0)
                if line is first
                else replace(line, x0=cap.x0)
            )
        result.remove(cap)
    return result


def _is_beside(line: Line, cap: Line, size: float) -> bool:
    return (
        line.size < 1.3 * size
        and cap.x0 - 1 <= line.x0 < cap.x1 + 2 * size
        and cap.y - 0.2 * size < line.y < cap.y + 0.8 * cap.size
    )


def _with_cap(cap: str, text: str, vocabulary: Vocabulary) -> str:
    found = _FIRST_WORD.match(text)
    word = found.group() if found else ""
    joined = vocabulary.words[(cap + word).lower()]
    apart = cap in _TWO_MEANINGS and not joined and vocabulary.words[word.lower()]
    return f"{cap} {text}" if apart else cap + text
