"""Verse: lines that end where the poet ends them, not where the measure does."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Final

from fnt_server.pipeline.layout.geometry import HYPHEN, Line
from fnt_server.pipeline.layout.margins import Column
from fnt_server.pipeline.text.line_breaks import CLOSING, FINAL, Break, ends_in_link
from fnt_server.pipeline.text.signatures import is_signature

_FEWEST_OPEN: Final = 4
_FEWEST_CAPITALS: Final = 0.85
"""Share of the lines of a page of verse that begin with a capital in mid-sentence."""
_FEWER_CAPITALS: Final = 0.4
"""The same if as many lines end early."""
_MOST_SMALL: Final = 0.6
"""Share of lines that begin small above which a column is prose."""
_MOST_FULL: Final = 0.6
"""Share of lines of verse without a mark at their end that reach the margin."""
_FEWEST_EARLY: Final = 0.4
"""Share of the lines of free verse that end early; of prose, 0.25 at most."""
_FEWEST_ENDING: Final = 5
"""Lines that end early; beside a picture, three do above and below its edges."""
_FEWEST_BEFORE_SMALL: Final = 0.25
"""The same of the lines before those that begin small."""
_FEWEST_IN_BOOK: Final = 0.25
"""The same in a book of free verse; of prose, 0.03."""
_FEWEST_IN_VERSE: Final = 0.2
"""The same in a page of such a book."""
_SPEAKER = re.compile(
    r"([A-ZÀ-Ý][\w’'-]{0,20}(?: [A-ZÀ-Ý][\w’'-]{0,20}){0,3})(?:, [^.—–]{1,60})?\.? ?[—–] "
)
_FEWEST_SPEECHES: Final = 3
_FEWEST_SPEAKERS: Final = 2
_FEWEST_LINES_OF_PROSE: Final = 3
_FEWEST_FLUSH: Final = 0.6
_FEWEST_CHOSEN: Final = 2
_FEWEST_SMALL: Final = 3
_FEWEST_RESTS: Final = 4
_MOSTLY_FLUSH: Final = 0.6
_MOSTLY_SHORT: Final = 0.6
"""Share of rests of lines too long for the measure that fill less than half of it."""
_FEWEST_LINKED: Final = 0.1
"""Share of those lines that end in a word no line ends with on purpose."""


def find_line_starts(columns: Sequence[Column]) -> dict[int, bool]:
    """Return the ids of lines that are begun on purpose, and whether they are verse.

    One alone is a signature or an address.
    """
    measure = max((line.x1 - each.left for each in columns for line in each.lines), default=0.0)
    free = _free_columns(columns, measure)
    found = [
        is_free or _is_verse(column.lines) for is_free, column in zip(free, columns, strict=True)
    ]
    book_of_verse = found.count(True) > found.count(False)
    poems = [column for is_free, column in zip(free, columns, strict=True) if is_free]
    wraps = bool(poems) and _wraps_flush(poems, measure)
    starts: dict[int, bool] = dict.fromkeys(_speeches(columns), False)
    for place, (column, known, is_free) in enumerate(zip(columns, found, free, strict=True)):
        if is_free:
            starts |= _free_verse(column, measure, wraps=wraps)
        elif known or (known is None and book_of_verse and _may_be_verse(column.lines)):
            starts |= _verse(column)
        else:
            before = columns[place - 1].lines[-1] if place else None
            after = columns[place + 1].lines[0] if place + 1 < len(columns) else None
            starts.update(_passages(column, before, after))
    return starts


def _speeches(columns: Sequence[Column]) -> Iterator[int]:
    """Yield the ids of lines that begin with who speaks, as other lines do: `Cléante. — Non.`"""
    found = [
        (label[1], id(line), not place or _ends_sentence(column.lines[place - 1]))
        for column in columns
        for place, line in enumerate(column.lines)
        if (label := _SPEAKER.match(line.text))
    ]
    names = Counter(name for name, _, _ in found)
    speakers = {name for name, times in names.items() if times >= _FEWEST_SPEECHES}
    if len(speakers) < _FEWEST_SPEAKERS:
        return
    yield from (line for name, line, is_free in found if is_free and name in speakers)


def _ends_sentence(line: Line) -> bool:
    return line.text.rstrip(CLOSING).endswith(FINAL)


def _is_verse(lines: Sequence[Line]) -> bool | None:
    """Return whether a column is verse, None if it has too few lines in mid-sentence."""
    small = sum(line.text[0].islower() for line in lines)
    if small >= _FEWEST_OPEN and small > _MOST_SMALL * len(lines):
        return False
    breaks = list(_breaks(lines))
    inside = [each for each in breaks if each.is_inside]
    if len(inside) < _FEWEST_OPEN:
        return None
    capitals = sum(each.is_capital for each in inside) / len(inside)
    if capitals >= _FEWER_CAPITALS and _is_justified(lines):
        return False
    if capitals < _FEWER_CAPITALS or capitals >= _FEWEST_CAPITALS:
        return capitals >= _FEWEST_CAPITALS
    if _goes_on_as_prose(lines):
        return False
    reach = max(line.x1 for line in lines)
    return sum(each.has_room(reach) for each in inside) >= _FEWER_CAPITALS * len(inside)


def _goes_on_as_prose(lines: Sequence[Line]) -> bool:
    """Return whether lines in a row begin small below full ones: no rest of a line is that long."""
    run = 0
    for each in _breaks(lines):
        goes_on = each.is_close and not (each.is_capital or each.has_room(max(each.reach)))
        run = run + 1 if (goes_on and each.is_open) or each.above.text.endswith(HYPHEN) else 0
        if run == _FEWEST_LINES_OF_PROSE:
            return True
    return False


def _is_justified(lines: Sequence[Line]) -> bool:
    """Return whether most lines in mid-sentence end at one place or with a hyphen: it is prose."""
    ends = sorted(line.x1 for line in lines)
    right = ends[int(0.8 * (len(ends) - 1))]
    open_lines = [line for line in lines if not line.text.endswith((*FINAL, ",", ":", ";"))]
    full = sum(
        abs(line.x1 - right) < 0.3 * line.size or line.text.endswith(HYPHEN) for line in open_lines
    )
    return full > _MOST_FULL * len(open_lines)


def _free_columns(columns: Sequence[Column], measure: float) -> list[bool]:
    """Return which columns are free verse: flush left, lines end early whatever begins the next.

    Lines of prose end where the next word has no room, ragged or not. `measure` is the width of
    the widest column.
    """
    inside = [_inside(column.lines) for column in columns]
    early = [[each for each in breaks if each.has_room(max(each.reach))] for breaks in inside]
    total = sum(
        len(breaks) or len(each.lines) for breaks, each in zip(inside, columns, strict=True)
    )
    endings = sum(map(len, early))
    book_of_verse = endings > max(2 * _FEWEST_ENDING, _FEWEST_IN_BOOK * total)

    def is_free(column: Column, breaks: Sequence[Break], ending_early: int) -> bool:
        flush = sum(each.is_flush for each in breaks)
        small = sum(not each.is_capital for each in breaks)
        if len(breaks) < _FEWEST_OPEN or min(flush, 2 * small) < _FEWEST_FLUSH * len(breaks):
            return False
        if not _ends_early_before_small(breaks):
            return False
        if ending_early >= max(_FEWEST_ENDING, _FEWEST_EARLY * len(breaks)):
            return True
        with_room = sum(each.has_room(column.left + measure) for each in breaks)
        return book_of_verse and with_room >= _FEWEST_IN_VERSE * len(breaks)

    return [
        is_free(column, breaks, len(ending))
        for column, breaks, ending in zip(columns, inside, early, strict=True)
    ]


def _ends_early_before_small(breaks: Sequence[Break]) -> bool:
    """Return whether lines also end early where the next begins small.

    If hardly any does, and the lines that end early are before capitals, the column is prose
    around a passage of verse.
    """
    early = [each for each in breaks if each.has_room(max(each.reach))]
    before_capitals = sum(each.is_capital for each in early)
    small = len(early) - before_capitals
    return small >= before_capitals or small >= _FEWEST_BEFORE_SMALL * sum(
        not each.is_capital for each in breaks
    )


def _inside(lines: Sequence[Line]) -> list[Break]:
    """Return the breaks within sentences, or none if hardly a line ends early, as in prose."""
    reach = max(line.x1 for line in lines)
    short = sum(
        above.x1 + above.size < reach and above.text[-1] not in FINAL for above in lines[:-1]
    )
    if short < max(1, _FEWEST_IN_VERSE * len(lines) / 2):
        return []
    return [each for each in _breaks(lines) if each.is_inside]


def _wraps_flush(poems: Sequence[Column], measure: float) -> bool:
    """Return whether lines of free verse that are too long go on flush left.

    Then the lines below full ones are mostly short, and some are broken where no poet breaks.
    """
    all_rests = [
        each
        for column in poems
        for each in _breaks(column.lines)
        if each.is_rest(column.left + measure)
    ]
    rests = [each for each in all_rests if each.is_flush]
    if len(rests) < max(_FEWEST_RESTS, _MOSTLY_FLUSH * len(all_rests)):
        return False
    short = sum(not each.is_long(measure) for each in rests)
    linked = sum(ends_in_link(each.above.text) for each in rests)
    return short > _MOSTLY_SHORT * len(rests) and linked > _FEWEST_LINKED * len(rests)


def _free_verse(column: Column, measure: float, *, wraps: bool) -> dict[int, bool]:
    """Return the lines of a column of free verse; what is indented below a full line is its rest.

    `measure` is the width of the widest column of the book, `wraps` says that rests are flush.
    """
    reach = column.left + measure
    return {id(column.lines[0]): True} | {
        id(each.line): True
        for each in _breaks(column.lines)
        if not each.above.text.endswith(HYPHEN)
        and (each.is_flush or each.is_capital or each.has_room(reach))
        and not (wraps and each.is_flush and each.is_rest(reach) and not each.is_long(measure))
    }


def _may_be_verse(lines: Sequence[Line]) -> bool:
    return all(each.is_capital for each in _breaks(lines) if each.is_open)


def _verse(column: Column) -> dict[int, bool]:
    """Return the lines of a column of verse, without the rest of those that were too long."""
    first = column.lines[0]
    reach = max(column.right, *(line.x1 for line in column.lines))
    starts = {id(first): True} if not first.text[0].islower() else {}
    return starts | {
        id(each.line): True
        for each in _breaks(column.lines)
        if (each.is_capital or each.is_long(reach - column.left) or each.has_room(reach))
        and not each.above.text.endswith(HYPHEN)
    }


def _passages(
    column: Column, before: Line | None, after: Line | None
) -> Iterator[tuple[int, bool]]:
    """Yield the lines of verse among prose, and single ones that are begun on purpose.

    `before` and `after` are the lines around the column.
    """
    lines = column.lines
    yield from _signature(column, 0, before, after)
    reach = max(line.x1 for line in lines)
    run: list[Break] = []
    for place in range(1, len(lines)):
        above, line = lines[place - 1], lines[place]
        is_short = above.x1 + line.size < reach
        if not (is_short or run or above.text[-1] in FINAL):
            continue
        each = Break(lines, place)
        if is_short and not each.is_labelled and (each.is_chosen or each.is_small):
            run.append(each)
            continue
        if run:
            yield from _passage(run)
            run = []
        is_speech = is_short and each.is_labelled and each.is_capital and each.is_close
        if is_speech and each.is_set_back:
            yield id(line), False
        if above.text[-1] in FINAL:
            yield from _signature(column, place, before, after)
    yield from _passage(run)


def _signature(
    column: Column, place: int, before: Line | None, after: Line | None
) -> Iterator[tuple[int, bool]]:
    """Yield a line that is a signature or a date, and the line below it."""
    if is_signature(column, place, before, after):
        yield id(column.lines[place]), False
        below = column.lines[place + 1] if place + 1 < len(column.lines) else after
        if below and not below.text[0].islower():
            yield id(below), False


def _passage(run: Sequence[Break]) -> Iterator[tuple[int, bool]]:
    chosen = [place for place, each in enumerate(run) if each.is_open]
    small = sum(run[place].is_small for place in chosen)
    if len(chosen) - small >= _FEWEST_CHOSEN or small >= _FEWEST_SMALL:
        passage = run[chosen[0] : chosen[-1] + 1]
        if not passage[0].above.text[0].islower():
            yield id(passage[0].above), True
        yield from ((id(each.line), True) for each in passage)
    else:
        single = (run[place] for place in chosen)
        yield from ((id(each.line), False) for each in single if each.is_capital and each.is_early)


def _breaks(lines: Sequence[Line]) -> Iterator[Break]:
    return (Break(lines, place) for place in range(1, len(lines)))
