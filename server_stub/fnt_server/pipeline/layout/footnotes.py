"""Footnotes: at the foot of a column, in small type or after a mark that is called."""

from __future__ import annotations

import re
import statistics
from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace
from itertools import pairwise
from typing import Final

from fnt_server.pipeline.layout.geometry import Line

_SMALL: Final = 0.94
_MARK = re.compile(r"^[(\[]?(\d{1,3}|[*†‡]{1,3})(?!\d)")
_ENDED = (".", "!", "?", "…", ")", "»")
_FLAT_CALL = re.compile(
    r"(?<=[\w»”\"!?.,;:…’])\s?(?:[(\[](\d{1,3}|[*†‡]{1,3})[)\]]|([*†‡]{1,3}))(?=[\s,.;:!?…»)]|$)"
)


def split_notes(
    columns: Sequence[list[Line]], *, size: float, open_note: bool
) -> tuple[list[list[Line]], list[Line], bool]:
    """Return a page's columns without notes, the notes, and whether the last may continue.

    `open_note` says that a note may continue from the previous page. Notes begin with a mark;
    small type without one (a letter, a poem) is text.
    """
    kept: list[list[Line]] = []
    notes: list[Line] = []
    called = {call.strip("()[] ") for column in columns for line in column for call in line.calls}
    for column in columns:
        cut = _first_note(column, size, called, open_note=open_note)
        if cut < len(column):
            open_note = _may_go_on(column[cut:])
        kept.append(column[:cut])
        notes += column[cut:]
    return [column for column in kept if column], notes, open_note and bool(notes)


def without_flat_calls(
    lines: Iterable[Line], notes: Iterable[Line]
) -> tuple[list[Line], list[str]]:
    """Return the lines of a page without note calls that are not raised, and these calls.

    Only marks that a note of the page begins with count: `(1)`, `[1]`, `*`.
    """
    marks = {found[1] for note in notes if (found := _MARK.match(note.text))}
    calls: list[str] = []

    def taken(match: re.Match[str]) -> str:
        if (match[1] or match[2]) not in marks:
            return match.group()
        calls.append(match.group().strip())
        return ""

    kept = [replace(line, text=_FLAT_CALL.sub(taken, line.text)) for line in lines]
    return kept, calls


def is_note(line: Line, *, size: float) -> bool:
    """Return whether a line looks like the beginning of a note."""
    if line.size >= _SMALL * size or not (mark := _MARK.match(line.text)):
        return False
    return any(map(str.isalpha, line.text[mark.end() :]))


def _first_note(
    column: Sequence[Line], size: float, called: Collection[str], *, open_note: bool
) -> int:
    """Return the index of the first note at the foot of a column."""
    start = len(column)
    while start and column[start - 1].size < _SMALL * size:
        start -= 1
    marked = [k for k in range(start, len(column)) if _MARK.match(column[k].text)]
    if start < len(column) and open_note:
        return start
    if marked:
        return marked[0]
    return _first_called(column, called) if called else len(column)


def _first_called(column: Sequence[Line], called: Collection[str]) -> int:
    """Return the index of the first full-size note: after a gap, with a mark that is called."""
    gaps = [above.y - line.y for above, line in pairwise(column)]
    usual = statistics.median(gaps) if gaps else 0.0
    marks = [_MARK.match(line.text) for line in column]
    for k, gap in enumerate(gaps, start=1):
        if gap > 1.2 * usual and marks[k] and any(m and m[1] in called for m in marks[k:]):
            return k
    return len(column)


def _may_go_on(notes: Sequence[Line]) -> bool:
    """Return whether the last note has no end or fills its last line."""
    last = notes[-1]
    edge = max(line.x1 for line in notes)
    is_full = len(notes) > 1 and last.x1 > edge - 0.5 * last.size
    return is_full or not last.text.endswith(_ENDED)
