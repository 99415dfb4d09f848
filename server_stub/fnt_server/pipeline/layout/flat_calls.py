"""Note calls that are not raised: `(1)`, `[1]`, `*`, where a note answers them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain

import msgspec
from msgspec.structs import replace

from fnt_server.pipeline.layout.footnotes import FLAT_CALL, marks_of
from fnt_server.pipeline.layout.geometry import Line


class ReadPage(msgspec.Struct, frozen=True, kw_only=True):
    """A page whose notes are parted from its text."""

    number: int
    columns: list[list[Line]]
    notes: list[Line]


def parted_from_flat_calls(pages: Sequence[ReadPage]) -> Iterator[tuple[ReadPage, list[str]]]:
    """Yield the pages without such calls, and these; the note may stand overleaf."""
    following = [*(page.notes for page in pages[1:]), []]
    overleaf = _are_overleaf(pages, following)
    called_next = [*(_flat_marks(page) if page.notes else set() for page in pages[1:]), set()]
    for page, notes, called in zip(pages, following, called_next, strict=True):
        counted = marks_of(notes) if overleaf else marks_of(notes) - called
        answers = [*page.notes, *(note for note in notes if marks_of([note]) & counted)]
        if not answers:
            yield page, []
            continue
        parted = [without_flat_calls(column, answers) for column in page.columns]
        columns = [lines for lines, _ in parted]
        yield replace(page, columns=columns), [call for _, calls in parted for call in calls]


def _are_overleaf(pages: Sequence[ReadPage], following: Sequence[list[Line]]) -> bool:
    """Return whether more calls are answered by the next page alone than by their own."""
    own = overleaf = 0
    for page, notes in zip(pages, following, strict=True):
        if page.notes or notes:
            called, here, there = _flat_marks(page), marks_of(page.notes), marks_of(notes)
            own += len(called & (here - there))
            overleaf += len(called & (there - here))
    return overleaf > own


def _flat_marks(page: ReadPage) -> set[str]:
    found = (
        call[1] or call[2]
        for line in chain.from_iterable(page.columns)
        for call in FLAT_CALL.finditer(line.text)
    )
    return set(found)


def without_flat_calls(
    lines: Iterable[Line], notes: Iterable[Line]
) -> tuple[list[Line], list[str]]:
    """Return the lines of a page without note calls that are not raised, and these calls.

    Only marks that a note of the page begins with count: `(1)`, `[1]`, `*`.
    """
    marks = marks_of(notes)
    calls: list[str] = []

    def taken(match: re.Match[str]) -> str:
        if (match[1] or match[2]) not in marks:
            return match.group()
        calls.append(match.group().strip())
        return ""

    kept = [replace(line, text=FLAT_CALL.sub(taken, line.text)) for line in lines]
    return kept, calls
