"""Note calls: small raised figures, stars and letters after a word."""

from __future__ import annotations

import re
import statistics
from collections.abc import Collection, Iterator, Sequence
from typing import Final

from msgspec.structs import replace

from fnt_server.pipeline.extraction.glyphs import Glyphs
from fnt_server.pipeline.layout.geometry import Line

_CALL = re.compile(
    r"(?<=[\w»”\"!?.,;:…’)])(?<![(\[]\d)(?<![(\[]\d\d)[ \xa0]?"
    r"(?:\d{1,3}|[*†‡§¶]{1,3}|\(\d{1,3}\)|\[\d{1,3}\])(?![\w°])"
)
"""What a note call may look like; its size and height decide."""
_CALL_SIGN = re.compile(r"[\d*†‡§¶]")
_LETTER = re.compile(r"(?<=[^\W\d_]|[»”\"!?.,;:…’)])[ \xa0]?(?:[a-z]|\([a-z]\)|\[[a-z]\])(?!\w)")
_PAIR = re.compile(r"(?<=[^\W\d_]|[»”\"!?.,;:…’)])[ \xa0]?[(\[]?(a[a-z]|([b-z])\2)[)\]]?(?!\w)")
"""Calls by letters go on behind `z` with `aa`, `ab` or `aa`, `bb`."""
_LETTER_NOTE = re.compile(r"[(\[]?(a[a-z]|([b-z])\2|[a-z])[.)\]]? ?[A-ZÀ-Ý]")
_ALONE = re.compile(r"[(\[]?(?:\d{1,3}|[*†‡§¶]{1,3}|[a-z]{1,3})[)\]]?")
_FIRST_CALL = re.compile(r"[(\[](?:\d{1,3}|[*†‡§¶]{1,3})[)\]]")
_UNIT = re.compile(r"(?:^|\d[ \xa0]?)[kcdm]?m[ \xa0]?$")
_EXPONENTS: Final = {"2": "²", "3": "³"}
_MOST_RAISED: Final = 5
"""Characters."""
_SMALL: Final = 0.94
_NEAR: Final = 3
"""Lines before and after a call that it may belong to."""


def may_hold_calls(text: str) -> bool:
    """Return quickly whether a line may hold calls by figures or stars."""
    return bool(_CALL_SIGN.search(text)) and bool(_CALL.search(text))


def take_calls(
    letters: list[str],
    text: str,
    glyphs: Glyphs,
    *,
    start: int,
    y: float,
    size: float,
    marks: Collection[str],
) -> tuple[str, ...]:
    """Empty the places of calls in the letters of a line, and return these.

    `marks` are the letters that notes of the page begin with. An exponent (`m²`) stays.
    """
    calls = []
    for first, last, end in _places(text, glyphs, start=start, y=y, size=size, marks=marks):
        if text[last] in _EXPONENTS and first == last and _UNIT.search(text, 0, first):
            letters[first] = _EXPONENTS[text[first]]
            continue
        begin = first - 1 if text[first - 1] in "([ \xa0" else first
        calls.append(text[begin:end].strip())
        letters[begin:end] = [""] * (end - begin)
    return tuple(calls)


def _places(
    text: str, glyphs: Glyphs, *, start: int, y: float, size: float, marks: Collection[str]
) -> Iterator[tuple[int, int, int]]:
    """Yield the first and the last raised character of each call, and where it ends."""
    for call in _CALL.finditer(text):
        last = call.end() - 1 if text[call.end() - 1] not in ")]" else call.end() - 2
        is_digit = text[last].isdigit()
        if call.start() == 0 or not glyphs.is_raised(start + last, y, size, by_shape=is_digit):
            continue
        first = last
        while first > call.start() and (
            not is_digit or glyphs.is_raised(start + first - 1, y, size, by_shape=True)
        ):
            first -= 1
        yield first, last, call.end()
    if marks:
        yield from _letters(text, glyphs, start=start, y=y, size=size, marks=marks)


def _letters(
    text: str, glyphs: Glyphs, *, start: int, y: float, size: float, marks: Collection[str]
) -> Iterator[tuple[int, int, int]]:
    """Yield the same for calls by one letter or two."""

    def is_raised(at: int) -> bool:
        _, letter_y, letter_size, _ = glyphs.place(start + at)
        return letter_size < 0.85 * size and letter_y > y + 0.1 * size

    pairs = set[int]()
    for call in _PAIR.finditer(text) if any(len(mark) > 1 for mark in marks) else ():
        first, last = call.start(1), call.end(1) - 1
        if call[1] in marks and is_raised(first) and is_raised(last):
            pairs.add(last)
            yield first, last, call.end()
    for call in _LETTER.finditer(text):
        last = call.end() - (2 if text[call.end() - 1] in ")]" else 1)
        if text[last] in marks and last not in pairs and is_raised(last):
            yield last, last, call.end()


def note_letters(lines: Sequence[Line]) -> tuple[str, ...]:
    """Return the letters that lines in small type begin with as a note does: `a. Voir`."""
    found = [(line, mark[1]) for line in lines if (mark := _LETTER_NOTE.match(line.text))]
    if not found:
        return ()
    usual = statistics.median(line.size for line in lines)
    return tuple(mark for line, mark in found if line.size < _SMALL * usual)


def with_raised_joined(lines: Sequence[Line], *, marks: Collection[str]) -> tuple[Line, ...]:
    """Return the lines, with what is raised behind the end of one taken into it.

    Figures, stars and the letters of notes are calls; others are part of a word, as in `Dʳ`.
    """
    if any(map(_FIRST_CALL.match, (line.text for line in lines))):
        befores = (None, *lines)
        lines = [_without_first_call(*pair) for pair in zip(lines, befores, strict=False)]
    alone = [place for place, line in enumerate(lines) if _may_be_raised(line)]
    if not alone:
        return tuple(lines)
    kept: list[Line | None] = list(lines)
    for place in alone:
        near = range(max(0, place - _NEAR), min(len(lines), place + _NEAR + 1))
        home = next((k for k in near if (line := kept[k]) and _is_behind(lines[place], line)), None)
        if home is not None and (line := kept[home]):
            kept[home] = _with_raised(line, lines[place], marks)
            kept[place] = None
    return tuple(line for line in kept if line)


def _without_first_call(line: Line, before: Line | None) -> Line:
    """Return a line without the call it begins with, which PDFium parts from the word before."""
    call = _FIRST_CALL.match(line.text)
    if not call or not before or call.end() == len(line.text):
        return line
    touches = abs(line.x0 - before.x1) < 0.2 * line.size
    if not touches or abs(line.y - before.y) > 0.1 * line.size:
        return line
    text = line.text[call.end() :]
    white = 0.3 * line.size if text[0].isspace() else 0.0
    return replace(line, text=text.strip(), x0=line.x0 + white, calls=(call[0], *line.calls))


def _may_be_raised(line: Line) -> bool:
    return len(line.text) <= _MOST_RAISED and bool(_ALONE.fullmatch(line.text))


def _with_raised(line: Line, raised: Line, marks: Collection[str]) -> Line:
    text = raised.text
    if text in _EXPONENTS and _UNIT.search(line.text):
        text = _EXPONENTS[text]
    elif not text.strip("()[]").isalpha() or text.strip("()[]") in marks:
        return replace(line, calls=(*line.calls, text), x1=raised.x1)
    return replace(line, text=line.text + text, x1=raised.x1)


def _is_behind(call: Line, line: Line) -> bool:
    """Return whether a call is small, raised, and next to the end of a line."""
    small = call.size < 0.9 * line.size
    raised = 0.1 * line.size < call.y - line.y < 0.7 * line.size
    return small and raised and abs(call.x0 - line.x1) < 0.4 * line.size
