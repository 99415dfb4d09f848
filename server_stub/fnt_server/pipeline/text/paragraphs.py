"""Paragraphs, headings and chapters from the lines of a book."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise
from typing import Final

import msgspec
from msgspec.structs import replace

from fnt_server.pipeline.document import Dropped, Paragraph
from fnt_server.pipeline.layout.captions import captions_after_sentences
from fnt_server.pipeline.layout.columns import Gutters, columns, usual_gutters
from fnt_server.pipeline.layout.facing_text import sides_of
from fnt_server.pipeline.layout.flat_calls import ReadPage, parted_from_flat_calls
from fnt_server.pipeline.layout.footnotes import (
    split_notes,
    unanswered_calls,
)
from fnt_server.pipeline.layout.geometry import HYPHEN, SOFT_HYPHEN, Line, Page
from fnt_server.pipeline.layout.margins import Column, Typesetting, with_margins
from fnt_server.pipeline.text.blocks import NAMED_LABEL, Block, iter_blocks, merge_drop_caps
from fnt_server.pipeline.text.hyphenation import (
    Vocabulary,
    joins_lines,
    keeps_hyphen,
    without_old_hyphens,
)
from fnt_server.pipeline.text.letterspacing import without_letterspacing
from fnt_server.pipeline.text.typography import with_french_spaces

_NUMERAL = re.compile(r"^[\W_]*(?:[IVXLC]+|\d{1,3})[\W_]*$")
_NAMED = re.compile(
    r"^\W*(?:chapitre|livre|partie|tome|acte|scène|prologue|épilogue|préface|avant-propos|"
    r"introduction|conclusion|(?:premi|deuxi|secon|troisi|quatri|cinqui|sixi|septi|huiti)\w* "
    r"(?:partie|livre|chapitre|acte))\b",
    re.IGNORECASE,
)
_OPEN_END = re.compile(r"[,;:]$")
_HEADING_LINES: Final = 6
_TAIL_CHARS: Final = 100
"""Characters checked before a line end: more than the longest word."""
CHAPTER_NAME_CHARS: Final = 120
_READABLE = re.compile(r"[^\W_]")


class PlacedParagraph(msgspec.Struct, frozen=True, kw_only=True):
    """A paragraph and the lines it was read from."""

    paragraph: Paragraph
    block: Block

    @property
    def size(self) -> float:
        """Type size of its first line."""
        return self.block.lines[0].size


def find_paragraphs(
    pages: Sequence[Page], *, size: float, fix_hyphenation: bool
) -> tuple[list[Paragraph], list[Dropped]]:
    """Return the paragraphs of pages that have only text and notes, and what was dropped."""
    found, dropped = place_paragraphs(pages, size=size, fix_hyphenation=fix_hyphenation)
    return with_chapters(found), dropped


def place_paragraphs(
    pages: Sequence[Page], *, size: float, fix_hyphenation: bool
) -> tuple[list[PlacedParagraph], list[Dropped]]:
    """Return the same with their lines, not yet divided into chapters."""
    vocabulary = Vocabulary.of(line.text for page in pages for line in page.lines)
    gutters = usual_gutters(page.lines for page in pages)
    found_columns, dropped = _columns_and_notes(pages, vocabulary, size, gutters)
    placed = with_margins(found_columns, size=size)
    typesetting = Typesetting.of(placed, size=size)
    sides = sides_of([lines for _, lines in found_columns], usual=gutters)
    blocks = _blocks(placed, typesetting, sides)
    below = [*map(_stands_above, blocks, blocks[1:]), True] if blocks else []
    found: list[PlacedParagraph] = []
    for block, apart_below in zip(blocks, below, strict=True):
        text, page_breaks = _text(block, vocabulary if fix_hyphenation else None)
        text = without_letterspacing(text, vocabulary.words)
        if _READABLE.search(text):
            is_heading = _is_heading(block, text, typesetting, apart=block.apart and apart_below)
            paragraph = Paragraph(
                text=text,
                page=block.pages[0],
                chapter=None,
                kind="heading" if is_heading else "verse" if block.is_verse else "body",
                page_breaks=page_breaks,
            )
            found.append(PlacedParagraph(paragraph=paragraph, block=block))
        else:
            dropped.append(Dropped(text=text, page=block.pages[0], reason="ornament"))
    return found, dropped


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


def with_chapters(found: Sequence[PlacedParagraph]) -> list[Paragraph]:
    """Set the chapter of each paragraph from the headings before it and their sizes."""
    headings = [(one.size, one.paragraph.text) for one in found if one.paragraph.kind == "heading"]
    chapter = _ChapterTracker(title_size=_title_size(headings))
    paragraphs: list[Paragraph] = []
    for one in found:
        paragraph = one.paragraph
        if paragraph.kind == "front matter":
            paragraphs.append(paragraph)
            continue
        if paragraph.kind == "heading":
            chapter.begin(paragraph.text, one.size)
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


def _blocks(
    columns: Sequence[Column], typesetting: Typesetting, sides: Sequence[int]
) -> list[Block]:
    """Return the blocks in the order in which they begin; those of each side go on in its own."""
    places = {id(column): place for place, column in enumerate(columns)}
    found = [
        block
        for side in sorted(set(sides))
        for block in iter_blocks(
            [c for c, of in zip(columns, sides, strict=True) if of == side], typesetting
        )
    ]
    return sorted(found, key=lambda block: places[id(block.column)])


def _columns_and_notes(
    pages: Sequence[Page], vocabulary: Vocabulary, size: float, gutters: Sequence[Gutters]
) -> tuple[list[tuple[int, list[Line]]], list[Dropped]]:
    """Return the columns with their page number, and the notes below them."""
    read: list[ReadPage] = []
    open_note, called = False, set[str]()
    for page in pages:
        lines = merge_drop_caps(page.lines, vocabulary, size=size)
        texts, notes, open_note = split_notes(
            columns(lines, usual=gutters),
            size=size,
            open_note=open_note,
            called_before=called,
        )
        called = unanswered_calls(texts, notes)
        texts = captions_after_sentences(texts, size=size)
        read.append(ReadPage(number=page.number, columns=texts, notes=notes))
    kept: list[tuple[int, list[Line]]] = []
    dropped: list[Dropped] = []
    for one, calls in parted_from_flat_calls(read):
        dropped += [Dropped(text=c, page=one.number, reason="note call") for c in calls]
        kept += [(one.number, column) for column in one.columns]
        dropped += [
            Dropped(text=line.text.replace(HYPHEN, "-"), page=one.number, reason="footnote")
            for line in one.notes
        ]
    return kept, dropped


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
        elif vocabulary is not None and joins_lines(tail, text, vocabulary):
            joint = ""
        if page != before:
            page_breaks.append((length + (joint == " "), page))
        parts.append(joint + text)
        length += len(parts[-1])
        tail = (tail + parts[-1])[-_TAIL_CHARS:]
    whole = "".join(parts).replace(HYPHEN, "-").replace(SOFT_HYPHEN, "")
    return with_french_spaces(whole), tuple(page_breaks)


def _is_heading(block: Block, text: str, typesetting: Typesetting, *, apart: bool) -> bool:
    if len(block.lines) > _HEADING_LINES or len(text) > 240:
        return False
    if block.lines[0].size > 1.08 * typesetting.size:
        return True
    if len(block.lines) == 1 and NAMED_LABEL.fullmatch(text):
        return True
    if not apart or _OPEN_END.search(text):
        return False
    if _NUMERAL.match(text) or (_NAMED.match(text) and len(text) < 80):
        return True
    return _is_title(text) and (
        _is_centered(block, typesetting)
        or _is_aside(block, typesetting)
        or ((text.isupper() or block.is_verse) and _is_inset(block, typesetting))
    )


def _stands_above(block: Block, after: Block) -> bool:
    """Return whether there is space below a block; for verse, the page's end shows none."""
    return after.apart and (not block.is_verse or after.column is block.column)


def _is_title(text: str) -> bool:
    return len(text) > 3 and (text.isupper() or (text[0].isupper() and text[-1].isalnum()))


def _is_centered(block: Block, typesetting: Typesetting) -> bool:
    column = block.column
    return all(
        line.x0 - column.left > typesetting.size
        and abs((line.x0 - column.left) - (column.right - line.x1)) < 2 * typesetting.size
        for line in block.lines
    )


def _is_inset(block: Block, typesetting: Typesetting) -> bool:
    """Return whether all lines begin further in than a paragraph does, as titles of verse do."""
    inset = typesetting.indent + typesetting.size
    return all(line.x0 - block.column.left > inset for line in block.lines)


def _is_aside(block: Block, typesetting: Typesetting) -> bool:
    """Return whether all lines are flush on one side and short, in a book that indents."""
    left, right = block.column.left, block.column.right
    short = all(line.x1 - line.x0 < 0.9 * (right - left) for line in block.lines)
    flush = all(line.x0 - left < 1 for line in block.lines) or all(
        right - line.x1 < 1 for line in block.lines
    )
    return typesetting.indents and short and flush
