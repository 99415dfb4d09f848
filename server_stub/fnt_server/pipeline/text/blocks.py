"""Groups lines into blocks: paragraphs and title lines."""

from __future__ import annotations

import re
import statistics
from collections.abc import Iterator, Sequence
from typing import Final

import msgspec
from msgspec.structs import replace

from fnt_server.pipeline.layout.geometry import HYPHEN, Line
from fnt_server.pipeline.layout.margins import Column, Typesetting
from fnt_server.pipeline.text.hyphenation import Vocabulary
from fnt_server.pipeline.text.line_breaks import ends_in_link
from fnt_server.pipeline.text.signatures import may_be_name
from fnt_server.pipeline.text.verse import find_line_starts

_DASH = re.compile(r"[-–—―]\s?(?!\d)")
_ENDED = re.compile(r"(?:[.!?…:]|(?<![\s»”\")])[\s)]*+[»”\"])[\s»”\")]*+$")
_ORNAMENT = re.compile(r"[*⁂✻✽❦❧☙•·~#—–_\s-]{3,}|[⁂✻✽❦❧☙]")
"""A line of signs between two passages."""
_FIRST_WORD = re.compile(r"\w*+")
_INITIAL = re.compile(r"[^\W\d_]['’]?$")
_MOST_DROP_CAPS: Final = 50
"""On a page; with more of them they are something else."""
_FINAL: Final = tuple(".!?…")
_COUNT = re.compile(
    r"\W{0,4}(?:(?:chapitre|livre|partie|tome|acte|scène|lettre|fable|chant)\s)?"
    r"(?:[ivxlc]{1,9}|\d{1,3}|premi[eè]re?)\W{0,4}",
    re.IGNORECASE,
)
"""A line that only counts: what follows is a title of its own."""
NAMED_LABEL = re.compile(
    r"(?:chapitre|livre|partie|tome|acte|scène|lettre|fable|chant)\s"
    r"(?:[ivxlc]{1,9}|\d{1,3}|[a-zà-ÿ-]{3,14}(?:i[èe]me|mier|mi[èe]re|cond|conde|nier|ni[èe]re))\.?",
    re.IGNORECASE,
)
_EMPTY_LINES: Final = 6
"""At the foot of a page whose text ends there."""
_TWO_MEANINGS: Final = frozenset("ÀAÔOY")
"""Drop capitals that can also be a word."""


class Block(msgspec.Struct, frozen=True, kw_only=True):
    """Lines that belong together, and their position on the page."""

    lines: tuple[Line, ...]
    pages: tuple[int, ...]
    """The page of each line."""
    column: Column
    apart: bool
    """There is more space than usual above it, or nothing at all."""
    is_verse: bool = False


def iter_blocks(columns: Sequence[Column], typesetting: Typesetting) -> Iterator[Block]:
    """Yield the blocks of a book; a block may span columns and pages."""
    starts = find_line_starts(columns)
    lines: list[Line] = []
    pages: list[int] = []
    home, apart, previous_column = None, True, None
    foot = _usual_foot(columns) + _EMPTY_LINES * typesetting.leading
    for column in columns:
        for line in column.lines:
            above = lines[-1] if lines else None
            same = column is previous_column
            ends_early = not same and above is not None and above.y > foot
            begins = id(line) in starts or (ends_early and above and _may_begin(above, line))
            if (
                above
                and home
                and (begins or _begins_block(above, line, column, typesetting, same_column=same))
            ):
                yield Block(
                    lines=tuple(lines),
                    pages=tuple(pages),
                    column=home,
                    apart=apart,
                    is_verse=starts.get(id(lines[0]), False),
                )
                apart = not same or above.y - line.y > 1.35 * typesetting.leading
                lines, pages = [], []
            if not lines:
                home = column
            lines.append(line)
            pages.append(column.page)
            previous_column = column
    if home:
        yield Block(
            lines=tuple(lines),
            pages=tuple(pages),
            column=home,
            apart=apart,
            is_verse=starts.get(id(lines[0]), False),
        )


def _usual_foot(columns: Sequence[Column]) -> float:
    return statistics.median(column.lines[-1].y for column in columns) if columns else 0.0


def _may_begin(above: Line, line: Line) -> bool:
    """Return whether a new block may begin below a page that is not full."""
    if _ENDED.search(above.text):
        return True
    return line.text[0].isupper() and not above.text.endswith((HYPHEN, ","))


def _begins_block(
    above: Line, line: Line, column: Column, typesetting: Typesetting, *, same_column: bool
) -> bool:
    larger, smaller = max(above.size, line.size), min(above.size, line.size)
    if _ORNAMENT.fullmatch(above.text) or _ORNAMENT.fullmatch(line.text):
        return True
    if larger > 1.08 * smaller:
        return not (above.text.endswith(HYPHEN) and larger < 1.2 * smaller)
    if _in_sentence(above, line, column):
        return False
    gap = above.y - line.y
    if same_column and gap > 1.35 * max(typesetting.leading, 1.25 * line.size):
        return True
    if above.text.endswith(HYPHEN) or (
        same_column and _is_same_title(above, line, column, typesetting)
    ):
        return False
    if not same_column and _COUNT.fullmatch(above.text) and line.text[0].isupper():
        return True
    return _has_label(above, line, column) or _begins_paragraph(above, line, column, typesetting)


def _in_sentence(above: Line, line: Line, column: Column) -> bool:
    """Return whether a sentence goes on from one line to the next, wherever they stand.

    Two short lines may be verse, unless they reach the margin, beside a picture.
    """
    goes_on = above.text[-1].isalpha() or above.text[-1] in (",", HYPHEN)
    half = 0.6 * (column.right - column.left)
    long = max(above.x1 - above.x0, line.x1 - line.x0) > half
    if ends_in_link(above.text) and not above.text.isupper():
        return long or line.text[0].islower()
    return goes_on and line.text[0].islower() and (long or above.x1 > column.right - line.size)


def _begins_paragraph(above: Line, line: Line, column: Column, typesetting: Typesetting) -> bool:
    shift = line.x0 - column.left
    if _is_set_right(above, column) and line.x0 < above.x0 and not line.text[0].islower():
        return True
    if typesetting.hanging and shift < 1.5 * typesetting.indent:
        return shift < 0.6 * typesetting.size
    if shift > 0.6 * typesetting.size:
        return not _is_quote(above, line, column, typesetting)
    return _stops_short(above, line, column, typesetting)


def _is_set_right(line: Line, column: Column) -> bool:
    """Return whether a line is a name or a date that stands at the right margin."""
    far = line.x0 - column.left > 0.4 * (column.right - column.left)
    at_margin = line.x1 > column.right - line.size
    return far and at_margin and may_be_name(line.text.rstrip("."))


def _has_label(above: Line, line: Line, column: Column) -> bool:
    """Return whether one of two lines is a heading set as tight as the text."""
    return (_is_label(line, column) and above.text.endswith(_FINAL)) or (
        _is_label(above, column) and line.text[0].isupper()
    )


def _is_label(line: Line, column: Column) -> bool:
    """Return whether a short line is only `Chapitre dixième` or the like."""
    short = line.x1 - line.x0 < 0.6 * (column.right - column.left)
    return short and bool(NAMED_LABEL.fullmatch(line.text))


def _is_same_title(above: Line, line: Line, column: Column, typesetting: Typesetting) -> bool:
    """Return whether both lines are of one title: in large type, or centered in mid-sentence."""
    if _COUNT.fullmatch(above.text) or above.text.endswith(_FINAL):
        return False
    if line.size > 1.08 * typesetting.size:
        return True
    in_sentence = line.text[0].islower() or (above.text.isupper() and line.text.isupper())
    return in_sentence and all(_is_centered(one, column, typesetting) for one in (above, line))


def _is_centered(line: Line, column: Column, typesetting: Typesetting) -> bool:
    left, right = line.x0 - column.left, column.right - line.x1
    return left > typesetting.size and abs(left - right) < 2 * typesetting.size


def _is_quote(above: Line, line: Line, column: Column, typesetting: Typesetting) -> bool:
    """Return whether both lines are in a passage that is indented more than paragraphs are.

    The line above may begin it, with an indent of its own.
    """
    shift = line.x0 - column.left
    deeper = not typesetting.indents or shift > typesetting.indent + 0.6 * typesetting.size
    below = -1.5 < above.x0 - line.x0 < 1.5 + typesetting.indent
    return deeper and below and not _fits_above(above, line, column)


def _stops_short(above: Line, line: Line, column: Column, typesetting: Typesetting) -> bool:
    """Return whether a paragraph ended although the next one is not indented."""
    if _is_salutation(above, column) and not line.text[0].islower():
        return _fits_above(above, line, column)
    if not _ENDED.search(above.text):
        return False
    if _fits_above(above, line, column):
        return True
    return not typesetting.indents and bool(_DASH.match(line.text))


def _is_salutation(line: Line, column: Column) -> bool:
    """Return whether a letter may begin with the line: `Mon cher ami,`."""
    short = line.x1 - column.left < 0.4 * (column.right - column.left)
    return short and line.text[0].isupper() and line.text[-1] == ","


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
    caps = [
        line
        for line in lines
        if line.size > 1.6 * size and len(line.text) <= 3 and _INITIAL.search(line.text)
    ]
    if len(caps) > _MOST_DROP_CAPS:
        return result
    for cap in caps:
        beside = [line for line in result if _is_beside(line, cap, size)]
        if not beside:
            continue
        first = max(beside, key=lambda line: line.y)
        moved = {id(line): replace(line, x0=cap.x0) for line in beside}
        whole = _with_cap(cap.text, first.text, vocabulary)
        moved[id(first)] = replace(first, text=whole, x0=cap.x0)
        result = [moved.get(id(line), line) for line in result if line is not cap]
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
