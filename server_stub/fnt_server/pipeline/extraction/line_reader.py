"""Reads the lines of a page, with their geometry, spaces, accents and note calls."""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import Any

from fnt.wire.error_codes import JobErrorCode
from fnt_server.pipeline.errors import PdfRejected
from fnt_server.pipeline.extraction.characters import ACCENTS, reads_as_text
from fnt_server.pipeline.extraction.glyphs import LEAST_SIZE, Glyphs
from fnt_server.pipeline.extraction.note_calls import (
    may_hold_calls,
    note_letters,
    take_calls,
    with_raised_joined,
)
from fnt_server.pipeline.extraction.side_by_side import Span, without_rows
from fnt_server.pipeline.extraction.small_capitals import lower_small_capitals
from fnt_server.pipeline.extraction.spaces import (
    MIN_SPACE,
    are_words_placed,
    spaces_between_placed_words,
    spaces_wanted,
)
from fnt_server.pipeline.layout.geometry import HYPHEN, Line

_LINE_END = re.compile(r"\r\n?|\n|[\x02\ufffe\xad](?:\r\n)?")
_BLANK = " \xa0\t\0"
"""Not `str.strip()`: to it, ligatures of TeX's bitmap fonts are white (`\x1c` to `\x1f`)."""
_HYPHENS = ("\x02", "\ufffe", "\xad")
_MAY_BE_UNMAPPED = re.compile(
    r"[;:<=>@?\d\x01\x03-\x08\x0e-\x1f](?:(?<=[\x01\x03-\x08\x0e-\x1f])|(?<=\w.)(?=\w))"
)
"""What lines in a font without a character map hold: codes of glyphs taken for characters."""
_INNER_CAPITAL = re.compile(r"[A-ZÀ-Þ](?<=[^\W\d_].)")
_ACCENTED = frozenset("AEIOUCaeiouc")
_MOST_MARKS = 4
"""Characters of a letter with its marks; French has no more than two."""
_MOST_RAISED = 12
"""Raised characters that a line may begin with."""
_SAMPLE = 200
"""Letters of a page that tell which fonts it is set in."""
_HARD_HYPHENS = ("-", "\u2010")


def ends_in_hard_hyphen(text: str) -> bool:
    """Return whether a line ends in a hyphen that stands behind a word."""
    return text.endswith(_HARD_HYPHENS) and text[-2:-1].isalnum()


class LineReader:
    """Reads the lines of one text page."""

    def __init__(self, text_page: Any, max_chars: int, corner: tuple[float, float]) -> None:
        self._glyphs = Glyphs(text_page, corner)
        if self._glyphs.count > max_chars:
            message = "the PDF contains more text than the longest novel: split it into parts"
            raise PdfRejected(JobErrorCode.PDF_LIMIT, message)
        self._marks: tuple[str, ...] = ()
        self._has_inner_capitals = False
        self._has_placed_words = False
        self._text = ""
        self.unmapped = 0
        """Characters left out so far, because their font does not say which they are."""

    def lines(self) -> tuple[Line, ...]:
        """Return the lines of the page that hold something."""
        if self._glyphs.count < 1:
            return ()
        self._text = text = self._glyphs.text()
        self._has_inner_capitals = bool(_INNER_CAPITAL.search(text))
        self._has_placed_words = are_words_placed(text, self._glyphs)
        spans = without_rows(text, list(self._spans(text)), self._glyphs)
        found = self._visible_lines(spans)
        self._marks = note_letters(found)
        if self._marks:  # read again: by their size alone, letters are not told from ordinals
            self.unmapped = 0
            found = self._visible_lines(spans)
        return with_raised_joined(found, marks=self._marks)

    def _visible_lines(self, spans: Sequence[Span]) -> list[Line]:
        """Return the lines that hold something and have a height."""
        lines = (self._line(self._text, *span) for span in spans)
        return [line for line in lines if line and line.size > LEAST_SIZE]

    def _spans(self, text: str) -> Iterator[tuple[int, int, str]]:
        """Yield where each line begins and ends, and its hyphen if it ends in one."""
        start = 0
        for end in _LINE_END.finditer(text):
            if end.group() in _HYPHENS and self._goes_on(end.start() - 1, end.end()):
                continue
            yield start, end.start(), "" if end.group()[0] in "\r\n" else HYPHEN
            start = end.end()
        yield start, len(text), ""

    def _line(self, text: str, start: int, end: int, hyphen: str) -> Line | None:
        stripped = text[start:end].strip(_BLANK)
        if not stripped:
            return None
        start = text.index(stripped, start)
        end = start + len(stripped)
        x0, y, size, angle = self._glyphs.place(start)
        if len(stripped) > 3:
            first, size = size, self._usual_size(text, start, end, size)
            if first < 0.9 * size:  # a raised begin, as in `M` and then `me Durand`
                y = self._baseline(start, end, size)
        x1 = self._glyphs.right_edge(end - 1, angle)
        letters = list(stripped)
        if not angle:
            self._add_spaces(letters, stripped, start, size)
        if self._has_inner_capitals and _INNER_CAPITAL.search(stripped):
            size = lower_small_capitals(letters, stripped, self._glyphs, start=start) or size
        calls = self._take_calls(letters, stripped, start, y, size)
        if _MAY_BE_UNMAPPED.search(stripped):
            self._take_unmapped(letters, start)
        stripped = "".join(letters).strip(_BLANK)
        if not stripped:
            return None
        stripped = stripped.replace("\xad", "").replace("\x02", "-").replace("\ufffe", "-")
        if stripped[-1] in ACCENTS and not calls:
            stripped = self._with_accents(text, start, end)
        if ends_in_hard_hyphen(stripped):
            stripped, hyphen = stripped[:-1], HYPHEN
        return Line(text=stripped + hyphen, x0=x0, x1=x1, y=y, size=size, calls=calls)

    def _take_calls(
        self, letters: list[str], text: str, start: int, y: float, size: float
    ) -> tuple[str, ...]:
        if not self._marks and not may_hold_calls(text):
            return ()
        return take_calls(
            letters, text, self._glyphs, start=start, y=y, size=size, marks=self._marks
        )

    def _usual_size(self, text: str, start: int, end: int, first: float) -> float:
        """Return the size of most of a line, ignoring a large initial or a note call."""
        middle = self._size_near((start + end) // 2, text, end)
        if abs(middle - first) < 0.02 * first:
            return middle
        quarter = (end - start) // 4
        others = [self._size_near(at, text, end) for at in (start + quarter, end - quarter)]
        return sorted((middle, *others))[1]

    def _size_near(self, at: int, text: str, end: int) -> float:
        """Return the size of the first letter from here on: PDFium makes up spaces."""
        while at < end - 1 and not text[at].isalnum():
            at += 1
        return self._glyphs.size(at)

    def _baseline(self, start: int, end: int, size: float) -> float:
        """Return where the first character of the line's usual size stands."""
        places = map(self._glyphs.place, range(start, min(end, start + _MOST_RAISED)))
        upright = (y for _, y, of, _ in places if of > 0.95 * size)
        return next(upright, self._glyphs.place(start)[1])

    def _with_accents(self, text: str, start: int, end: int) -> str:
        """Return the line with the accents that PDFium put at its end combined with their letters.

        TeX raises them above capitals, so that they look like a separate line.
        """
        letters = list(text[start:end])
        places = [self._glyphs.place(at)[0] for at in range(start, end)]
        first_at: dict[float, int] = {}
        for k, letter in enumerate(letters):
            if letter in _ACCENTED:
                first_at.setdefault(places[k], k)
        capitals = sorted(first_at.items())
        while capitals and letters[-1] in ACCENTS:
            mark, x = ACCENTS[letters.pop()], places[len(letters)]
            after = bisect_left(capitals, (x, 0))
            near = capitals[max(0, after - 1) : after + 1]
            _, under = min(near, key=lambda capital: (abs(capital[0] - x), capital[1]))
            if len(letters[under]) < _MOST_MARKS:
                letters[under] = unicodedata.normalize("NFC", letters[under] + mark)
            while letters[-1].isspace():
                letters.pop()
        return "".join(letters)

    def _goes_on(self, before: int, after: int) -> bool:
        """Return whether the text continues on the same line."""
        if before < 0 or after >= self._glyphs.count:
            return False
        x, y, size, _ = self._glyphs.place(before)
        next_x, next_y, _, _ = self._glyphs.place(after)
        return next_x > x and abs(next_y - y) < 0.2 * size

    def _add_spaces(self, letters: list[str], text: str, start: int, size: float) -> None:
        """Put a space where the line shows white that no character stands for."""
        glyphs = self._glyphs
        found = {
            place
            for place in spaces_wanted(text)
            if glyphs.gap_before(start + place) > MIN_SPACE * size
        }
        if self._has_placed_words:
            found |= spaces_between_placed_words(text, glyphs, start=start, size=size)
        for place in found:
            letters[place] = " " + letters[place]

    @cached_property
    def _are_codes_letters(self) -> bool:
        """Whether the page is set in bitmap fonts of TeX, whose codes are their letters."""
        text = self._text
        letters = [place for place, letter in enumerate(text) if letter.isalpha()]
        drawn = sum(
            self._glyphs.is_unmapped(at) and self._glyphs.is_drawn(at)
            for at in letters[:: max(1, len(letters) // _SAMPLE)]
        )
        return 2 * drawn > min(len(letters), _SAMPLE) and reads_as_text(text)

    def _take_unmapped(self, letters: list[str], start: int) -> None:
        """Empty the places of characters whose font does not say which they are."""
        found = [
            place
            for place, letter in enumerate(letters)
            if letter and self._glyphs.is_unmapped(start + place)
        ]
        if not found or self._are_codes_letters:
            return
        for place in found:
            self.unmapped += not letters[place].isspace()
            letters[place] = ""
