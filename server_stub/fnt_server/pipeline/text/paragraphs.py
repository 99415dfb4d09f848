"""Paragraphs, headings and chapters from the lines of a book."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise
from typing import Final

from fnt_server.pipeline.document import Dropped, Paragraph
from fnt_server.pipeline.layout.footnotes import split_notes, without_flat_calls
from fnt_server.pipeline.layout.geometry import (
    HYPHEN,
    SOFT_HYPHEN,
    Line,
    Page,
    columns,
    usual_gutter,
)
from fnt_server.pipeline.layout.margins import Typesetting, with_margins
from fnt_server.pipeline.text.blocks import Block, iter_blocks, merge_drop_caps
from fnt_server.pipeline.text.hyphenation import Vocabulary, keeps_hyphen, without_old_hyphens
from fnt_server.pipeline.text.typography import with_french_spaces

_NUMERAL = re.compile(r"^[\W_]*(?:[IVXLC]+|\d{1,3})[\W_]*$")
_NAMED = re.compile(
    r"^\W*(?:chapitre|livre|partie|tome|acte|scène|prologue|épilogue|préface|avant-propos|"
    r"introduction|conclusion|(?:premi|deuxi|secon|troisi|quatri|cinqui|sixi|septi|huiti)\w* "
    r"(?:partie|livre|chapitre|acte))\b",
    re.IGNORECASE,
)
_OPEN_END = re.compile(r"[,;:]$")
_HEADING_LINES: Final = 4
_TAIL_CHARS: Final = 100
"""Characters checked before a line end: more than the longest word."""
CHAPTER_NAME_CHARS: Final = 120
_READABLE = re.compile(r"[^\W_]")


def find_paragraphs(
    pages: Sequence[Page], *, size: float, fix_hyphenation: bool
) -> tuple[list[Paragraph], list[Dropped]]:
    """Return the paragraphs of pages that have only text and notes, and what was dropped."""
    vocabulary = Vocabulary.of(line.text for page in pages for line in page.lines)
    found_columns, dropped = _columns_and_notes(pages, vocabulary, size)
    placed = with_margins(found_columns, size=size)
    typesetting = Typesetting.of(placed, size=size)
    blocks = list(iter_blocks(placed, typesetting))
    below = [*(block.apart for block in blocks[1:]), True] if blocks else []
    found: list[tuple[Paragraph, float]] = []
    for block, apart_below in zip(blocks, below, strict=True):
        text, page_breaks = _text(block, vocabulary if fix_hyphenation else None)
        if _READABLE.search(text):
            is_heading = _is_heading(block, text, typesetting, apart=block.apart and apart_below)
            paragraph = Paragraph(
                text=text,
                page=block.pages[0],
                chapter=None,
                kind="heading" if is_heading else "body",
                page_breaks=page_breaks,
            )
            found.append((paragraph, block.lines[0].size))
        else:
            dropped.append(Dropped(text=text, page=block.pages[0], reason="ornament"))
    return _with_chapters(found), dropped


class _ChapterTracker:
    """The open headings: larger ones stay open while smaller ones follow."""

    def __init__(self, *, title_size: float = float("inf")) -> None:
        self._title_size = title_size
        self._open: list[tuple[float, str]] = []
        self._after_heading = False
        self.name: str | None = None

    def begin(self, heading: str, size: float) -> None:
        """Open a heading; one that directly follows another of the same size extends it."""
        if size >= 0.98 * self._title_size:
            return
        limit = 0.98 * size if self._after_heading else 1.02 * size
        while self._open and self._open[-1][0] < limit:
            self._open.pop()
        self._open.append((size, heading))
        self._after_heading = True
        # Any number of headings may be open, and hardly one fills a name by itself.
        self.name = ", ".join(text for _, text in self._open[:CHAPTER_NAME_CHARS])[
            :CHAPTER_NAME_CHARS
        ]

    def add_text(self) -> None:
        """Note that text follows the last heading."""
        self._after_heading = False


def _with_chapters(found: Sequence[tuple[Paragraph, float]]) -> list[Paragraph]:
    """Set the chapter of each paragraph from the headings before it and their sizes."""
    headings = [(size, item.text) for item, size in found if item.kind == "heading"]
    chapter = _ChapterTracker(title_size=_title_size(headings))
    paragraphs: list[Paragraph] = []
    for paragraph, size in found:
        if paragraph.kind == "heading":
            chapter.begin(paragraph.text, size)
        else:
            chapter.add_text()
        paragraphs.append(replace(paragraph, chapter=chapter.name))
    return paragraphs


def _title_size(headings: Sequence[tuple[float, str]]) -> float:
    """Return the size of the book's own title: the largest, if used once among other headings."""
    largest, text = max(headings, default=(0.0, ""))
    once = sum(size > 0.98 * largest for size, _ in headings) == 1
    is_title = once and len(headings) > 1 and not _NAMED.match(text)
    return largest if is_title else float("inf")


def _columns_and_notes(
    pages: Sequence[Page], vocabulary: Vocabulary, size: float
) -> tuple[list[tuple[int, list[Line]]], list[Dropped]]:
    """Return the columns with their page number, and the notes below them."""
    kept: list[tuple[int, list[Line]]] = []
    dropped: list[Dropped] = []
    open_note = False
    gutter = usual_gutter(page.lines for page in pages)
    for page in pages:
        lines = merge_drop_caps(page.lines, vocabulary, size=size)
        texts, notes, open_note = split_notes(
            columns(lines, usual=gutter), size=size, open_note=open_note
        )
        if notes:
            texts, calls = _without_calls(texts, notes)
            dropped += [Dropped(text=c, page=page.number, reason="note call") for c in calls]
        kept += [(page.number, column) for column in texts]
        dropped += [
            Dropped(text=line.text.replace(HYPHEN, "-"), page=page.number, reason="footnote")
            for line in notes
        ]
    return kept, dropped


def _without_calls(
    columns: Sequence[list[Line]], notes: Sequence[Line]
) -> tuple[list[list[Line]], list[str]]:
    parted = [without_flat_calls(column, notes) for column in columns]
    return [lines for lines, _ in parted], [call for _, calls in parted for call in calls]


def _text(block: Block, vocabulary: Vocabulary | None) -> tuple[str, tuple[tuple[int, int], ...]]:
    """Join lines and tell where pages begin; without a vocabulary hyphens at line ends stay."""
    texts = [line.text for line in block.lines]
    if vocabulary is not None:
        texts = [without_old_hyphens(text, vocabulary) for text in texts]
    parts, page_breaks = texts[:1], []
    length, tail = len(parts[0]), parts[0][-_TAIL_CHARS:]
    for text, (before, page) in zip(texts[1:], pairwise(block.pages), strict=False):
        joint = " "
        if tail.endswith(HYPHEN):
            tail = tail.removesuffix(HYPHEN)
            own = vocabulary is None or keeps_hyphen(tail, text, vocabulary)
            joint = "-" if own else ""
            shown = parts[-1].removesuffix(HYPHEN).removesuffix(SOFT_HYPHEN)
            length -= len(parts[-1]) - len(shown)
            parts[-1], tail = shown, tail.removesuffix(SOFT_HYPHEN)
        if page != before:
            page_breaks.append((length + (joint == " "), page))
        parts.append(joint + text)
        length += len(parts[-1])
        tail = (tail + parts[-1])[-_TAIL_CHARS:]
    whole = "".join(parts).replace(HYPHEN, "-").replace(SOFT_HYPHEN, "")
    return with_french_spaces(whole), tuple(page_breaks)


def _is_heading(block: Block, text: str, typesetting: Typesetting, *, apart: bool) -> bool:
    if len(block.lines) > _HEADING_LINES or len(text) > 200:
        return False
    if block.lines[0].size > 1.08 * typesetting.size:
        return True
    if not apart or _OPEN_END.search(text):
        return False
    if _NUMERAL.match(text) or (_NAMED.match(text) and len(text) < 80):
        return True
    return text.isupper() and len(text) > 3 and _is_centered(block, typesetting)


def _is_centered(block: Block, typesetting: Typesetting) -> bool:
    column = block.column
    return all(
        line.x0 - column.left > typesetting.size
        and abs((line.x0 - column.left) - (column.right - line.x1)) < 2 * typesetting.size
        for line in block.lines
    )
