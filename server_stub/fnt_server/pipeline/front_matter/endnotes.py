"""Notes that stand together behind the text, below a title such as `NOTES`.

The title alone proves nothing, since a chapter may be called so: the notes are numbered, and the
text before them calls most of the numbers.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from typing import Final

from msgspec.structs import replace

from fnt_server.pipeline.document import Dropped
from fnt_server.pipeline.layout.footnotes import ENDNOTES_TITLE, FLAT_CALL
from fnt_server.pipeline.text.paragraphs import PlacedParagraph

_MARK = re.compile(r"[(\[]?(\d{1,3})(?:[)\]]?[ \xa0]?[.:–—-]?)(?=[ \xa0]?[^\W\d_«]|[ \xa0]?«)")
_FEWEST: Final = 2
_MOSTLY: Final = 0.6
"""Of the notes, are called."""
_HEADING_CHARS: Final = 80


def find_endnotes(found: Sequence[PlacedParagraph]) -> dict[int, frozenset[str]]:
    """Return the index of each paragraph of notes, titles included, and the marks that its
    section answers."""
    sections = list(_sections(found))
    notes: dict[int, frozenset[str]] = {}
    called: set[str] = set()
    after = 0
    for begin, end, answers in sections:
        called = called.union(*map(_calls, found[after:begin]))
        after = end
        if called and len(answers & called) >= _MOSTLY * len(answers):
            notes |= dict.fromkeys(range(begin, end), answers)
    return notes


def _sections(found: Sequence[PlacedParagraph]) -> Iterator[tuple[int, int, frozenset[str]]]:
    """Yield where each section that may be notes begins and ends, and the marks it answers.

    A title that is the last thing in the book has lost its notes, as they are in small type.
    """
    end = 0
    for begin, placed in enumerate(found):
        paragraph = placed.paragraph
        may_be_title = begin >= end and len(paragraph.text) <= _HEADING_CHARS
        if not may_be_title or not ENDNOTES_TITLE.fullmatch(paragraph.text):
            continue
        marks, last = _section(found, begin + 1)
        is_left = begin == len(found) - 1 and paragraph.kind == "heading"
        if is_left or len(marks) >= _FEWEST:
            end = last
            yield begin, end, frozenset(marks)


def _calls(placed: PlacedParagraph) -> set[str]:
    """Return the numbers that a paragraph calls, raised or not."""
    raised = {call.strip("()[] ") for line in placed.block.lines for call in line.calls}
    return raised | {call[1] for call in FLAT_CALL.finditer(placed.paragraph.text) if call[1]}


def _section(found: Sequence[PlacedParagraph], begin: int) -> tuple[list[str], int]:
    """Return the numbers of the notes from `begin` on, and where they end.

    They count up, and may begin anew. What follows the last of them up to a heading belongs to
    it, unless it is longer than all of the notes.
    """
    marks: list[str] = []
    end, words, rest_words = begin, 0, 0
    for index in range(begin, len(found)):
        placed = found[index]
        counted = _counted(placed, int(marks[-1]) if marks else 0)
        is_heading = placed.paragraph.kind == "heading" and not counted
        if is_heading and not _opens_notes(found, index + 1):
            break
        if not (marks or counted or is_heading):
            return [], begin
        rest_words += len(placed.paragraph.text.split())
        if counted:
            marks += counted
            end, words, rest_words = index + 1, words + rest_words, 0
    else:
        index = len(found)
    return marks, index if rest_words < words else end


def _opens_notes(found: Sequence[PlacedParagraph], index: int) -> bool:
    return index < len(found) and bool(_counted(found[index], 0))


def _counted(placed: PlacedParagraph, last: int) -> list[str]:
    """Return the numbers that lines of a paragraph begin with and that count on from `last`."""
    marks: list[str] = []
    for line in placed.block.lines:
        mark = _MARK.match(line.text)
        if mark and int(mark[1]) in (last + 1, 1):
            last = int(mark[1])
            marks.append(mark[1])
    return marks


def without_calls(
    found: Sequence[PlacedParagraph], marks: Collection[str]
) -> tuple[list[PlacedParagraph], list[Dropped]]:
    """Return the paragraphs without the calls of these marks that are not raised, and these."""
    kept: list[PlacedParagraph] = []
    dropped: list[Dropped] = []
    for placed in found:
        paragraph = placed.paragraph
        calls = [call for call in FLAT_CALL.finditer(paragraph.text) if call[1] in marks]
        if calls:
            text = FLAT_CALL.sub(lambda call: "" if call[1] in marks else call[0], paragraph.text)
            breaks = tuple(
                (offset - sum(len(call[0]) for call in calls if call.end() <= offset), page)
                for offset, page in paragraph.page_breaks
            )
            dropped += [
                Dropped(
                    text=call[0].strip(), page=paragraph.page_at(call.start()), reason="note call"
                )
                for call in calls
            ]
            paragraph = replace(paragraph, text=text, page_breaks=breaks)
        kept.append(replace(placed, paragraph=paragraph) if calls else placed)
    return kept, dropped
