"""Footnotes: at the foot of a column, in small type or after a mark that is called."""

from __future__ import annotations

import re
import statistics
from collections.abc import Collection, Iterable, Sequence
from itertools import pairwise
from typing import Final

from fnt_server.pipeline.layout.geometry import Line

_SMALL: Final = 0.94
_MARK = re.compile(r"^[(\[]?(\d{1,3}(?!\d)|[*†‡]{1,3}(?!\d)|[§¶]{1,3}(?![ \xa0]?\d))")
"""`§ 12` names a section."""
FLAT_CALL = re.compile(
    r"(?<=[\w»”\"!?.,;:…’])\s?(?:[(\[](\d{1,3}|[*†‡§¶]{1,3})[)\]]"
    r"|([*†‡]{1,3}|[§¶]{1,3}(?!\s?\d)))(?=[\s,.;:!?…»)]|$)"
)
"""What a call that is not raised may look like; a note must answer it."""
_SIGNED = re.compile(
    r"(?:[(\[]\d{1,3}[)\]]|[(\[]?[*†‡§¶]{1,3}[)\]]?(?![ \xa0]?\d))(?=[ \xa0]?[^\W\d_«])"
)
"""What begins a note that such a call may call."""
_OPENS_SIGN: Final = "([*†‡§¶"
_LETTER = re.compile(r"^[(\[]?([a-z])[.)\]]?(?= ?[A-ZÀ-Ý])")
ENDNOTES_TITLE = re.compile(
    r"\W{0,9}notes(?:\s(?:de|du|des|et|sur)\s.{1,50}|\W{0,9})", re.IGNORECASE
)
"""What may stand above all notes of a book; what is below it is no foot of a page."""
_ENDED = (".", "!", "?", "…", ")", "»")


def split_notes(
    columns: Sequence[list[Line]],
    *,
    size: float,
    open_note: bool,
    called_before: Collection[str] = (),
) -> tuple[list[list[Line]], list[Line], bool]:
    """Return a page's columns without notes, the notes, and whether the last may continue.

    `open_note` says that a note may continue from the previous page, `called_before` which marks
    are called there without a note. Notes begin with a mark; small type without one (a letter, a
    poem) is text.
    """
    kept: list[list[Line]] = []
    notes: list[Line] = []
    called = _calls(columns).union(called_before)
    for column in columns:
        cut = _first_note(column, size, called, open_note=open_note)
        if cut < len(column):
            open_note = _may_go_on(column[cut:])
        kept.append(column[:cut])
        notes += column[cut:]
    return [column for column in kept if column], notes, open_note and bool(notes)


def unanswered_calls(columns: Iterable[Sequence[Line]], notes: Iterable[Line]) -> set[str]:
    """Return the marks that are called on a page and begin none of its notes."""
    found = (_MARK.match(note.text) or _LETTER.match(note.text) for note in notes)
    return _calls(columns) - {mark[1] for mark in found if mark}


def _calls(columns: Iterable[Sequence[Line]]) -> set[str]:
    return {call.strip("()[] ") for column in columns for line in column for call in line.calls}


def marks_of(notes: Iterable[Line]) -> set[str]:
    """Return the figures and stars that notes begin with."""
    return {found[1] for note in notes if (found := _MARK.match(note.text))}


def is_note(line: Line, *, size: float) -> bool:
    """Return whether a line looks like the beginning of a note."""
    mark = _MARK.match(line.text) or _LETTER.match(line.text)
    if line.size >= _SMALL * size or not mark:
        return False
    return any(map(str.isalpha, line.text[mark.end() :]))


def _first_note(
    column: Sequence[Line], size: float, called: Collection[str], *, open_note: bool
) -> int:
    """Return the index of the first note at the foot of a column."""
    start = len(column)
    while start and column[start - 1].size < _SMALL * size:
        start -= 1
    marked = [k for k in range(start, len(column)) if _begins_note(column[k].text, called)]
    if start < len(column) and open_note:
        return start
    if marked:
        return marked[0]
    first = _first_called(column, called) if called else len(column)
    return first if first < len(column) else _first_flatly_called(column)


def _begins_note(text: str, called: Collection[str]) -> bool:
    """Return whether a line begins with a mark: a figure, a star, or a letter that is called."""
    letter = _LETTER.match(text)
    return bool(_MARK.match(text)) or (letter is not None and letter[1] in called)


def _first_called(column: Sequence[Line], called: Collection[str]) -> int:
    """Return the index of the first full-size note: after a gap, with a mark that is called."""
    gaps = [above.y - line.y for above, line in pairwise(column)]
    usual = statistics.median(gaps) if gaps else 0.0
    marks = [_MARK.match(line.text) for line in column]
    for k, gap in enumerate(gaps, start=1):
        if gap > 1.2 * usual and marks[k] and any(m and m[1] in called for m in marks[k:]):
            return len(column) if ENDNOTES_TITLE.fullmatch(column[k - 1].text) else k
    return len(column)


def _first_flatly_called(column: Sequence[Line]) -> int:
    """Return the index of the first full-size note that answers a call that is not raised.

    It is below the middle, after the widest gap so far, and each line after a gap below it begins
    a note, too.
    """
    middle = len(column) // 2
    if not any(line.text[:1] in _OPENS_SIGN for line in column[middle:]):
        return len(column)
    gaps = [above.y - line.y for above, line in pairwise(column)]
    usual = statistics.median(gaps) if gaps else 0.0
    apart = [k for k, gap in enumerate(gaps, start=1) if k >= middle and gap > 1.2 * usual]
    while apart and not all(_SIGNED.match(column[k].text) for k in apart):
        del apart[0]
    if not apart or max(gaps[: apart[0] - 1], default=0.0) > 0.9 * gaps[apart[0] - 1]:
        return len(column)
    first = apart[0]
    return first if _is_called_flatly(column[first].text, column[:first]) else len(column)


def _is_called_flatly(note: str, lines: Iterable[Line]) -> bool:
    mark = _MARK.match(note)
    return mark is not None and any(
        mark[1] in call.groups() for line in lines for call in FLAT_CALL.finditer(line.text)
    )


def _may_go_on(notes: Sequence[Line]) -> bool:
    """Return whether the last note has no end or fills its last line."""
    last = notes[-1]
    edge = max(line.x1 for line in notes)
    is_full = len(notes) > 1 and last.x1 > edge - 0.5 * last.size
    return is_full or not last.text.endswith(_ENDED)
