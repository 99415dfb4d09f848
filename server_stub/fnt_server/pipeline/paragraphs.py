"""Paragraphs and headings from the lines of a whole book."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise
from typing import Final

from fnt_server.pipeline.blocks import Block, iter_blocks, merge_drop_caps
from fnt_server.pipeline.chapters import Chapter
from fnt_server.pipeline.document import Paragraph
from fnt_server.pipeline.hyphens import Vocabulary, rejoin
from fnt_server.pipeline.layout import HYPHEN, Line, Page, columns
from fnt_server.pipeline.margins import Setting, with_margins
from fnt_server.pipeline.notes import drop_notes

_NUMERAL = re.compile(r"^[\W_]*(?:[IVXLC]+|\d{1,3})[\W_]*$")
_NAMED = re.compile(
    r"^\W*(?:chapitre|livre|partie|tome|acte|scène|prologue|épilogue|préface|avant-propos|"
    r"introduction|conclusion|(?:premi|deuxi|secon|troisi|quatri|cinqui|sixi|septi|huiti)\w* "
    r"(?:partie|livre|chapitre|acte))\b",
    re.IGNORECASE,
)
_OPEN_END = re.compile(r"[,;:]$")
_HEADING_LINES: Final = 4
_READABLE = re.compile(r"[^\W_]")


def find_paragraphs(
    pages: Sequence[Page], *, size: float, fix_hyphenation: bool
) -> list[Paragraph]:
    """Return the paragraphs of pages that hold nothing but text and notes."""
    vocabulary = Vocabulary.of(line.text for page in pages for line in page.lines)
    placed = with_margins(list(_iter_columns(pages, vocabulary, size)), size=size)
    setting = Setting.of(placed, size=size)
    blocks = list(iter_blocks(placed, setting))
    below = [*(block.apart for block in blocks[1:]), True] if blocks else []
    found: list[tuple[Block, str, bool]] = []
    for block, apart_below in zip(blocks, below, strict=True):
        text = _text(block.lines, vocabulary if fix_hyphenation else None)
        if _READABLE.search(text):
            apart = block.apart and apart_below
            found.append((block, text, _is_heading(block, text, setting, apart=apart)))
    return _with_chapters(found)


def _with_chapters(found: Sequence[tuple[Block, str, bool]]) -> list[Paragraph]:
    headings = [(block.lines[0].size, text) for block, text, heading in found if heading]
    chapter = Chapter(title_size=_title_size(headings))
    paragraphs: list[Paragraph] = []
    for block, text, heading in found:
        if heading:
            chapter.begin(text, block.lines[0].size)
        else:
            chapter.go_on()
        paragraphs.append(
            Paragraph(
                text=text,
                page=block.page,
                chapter=chapter.name,
                kind="heading" if heading else "body",
            )
        )
    return paragraphs


def _title_size(headings: Sequence[tuple[float, str]]) -> float:
    """Return the size of the book's own title: the largest, if used once among other headings."""
    largest, text = max(headings, default=(0.0, ""))
    once = sum(size > 0.98 * largest for size, _ in headings) == 1
    is_title = once and len(headings) > 1 and not _NAMED.match(text)
    return largest if is_title else float("inf")


def _iter_columns(
    pages: Iterable[Page], vocabulary: Vocabulary, size: float
) -> Iterator[tuple[int, list[Line]]]:
    open_note = False
    for page in pages:
        lines = merge_drop_caps(page.lines, vocabulary, size=size)
        kept, open_note = drop_notes(columns(lines), size=size, open_note=open_note)
        for column in kept:
            yield page.number, column


def _text(lines: Sequence[Line], vocabulary: Vocabulary | None) -> str:
    """Join lines; without a vocabulary the hyphens at their ends stay."""
    parts = [lines[0].text]
    for above, line in pairwise(lines):
        if not above.text.endswith(HYPHEN):
            parts.append(" " + line.text)
        elif vocabulary is None:
            parts[-1] = parts[-1].removesuffix(HYPHEN) + "-"
            parts.append(line.text)
        else:
            parts[-1] = rejoin(parts[-1], line.text, vocabulary)
    return "".join(parts).replace(HYPHEN, "-")


def _is_heading(block: Block, text: str, setting: Setting, *, apart: bool) -> bool:
    if len(block.lines) > _HEADING_LINES or len(text) > 200:
        return False
    if block.lines[0].size > 1.08 * setting.size:
        return True
    if not apart or _OPEN_END.search(text):
        return False
    if _NUMERAL.match(text) or (_NAMED.match(text) and len(text) < 80):
        return True
    return text.isupper() and len(text) > 3 and _is_centred(block, setting)


def _is_centred(block: Block, setting: Setting) -> bool:
    column = block.column
    return all(
        line.x0 - column.left > setting.size
        and abs((line.x0 - column.left) - (column.right - line.x1)) < 2 * setting.size
        for line in block.lines
    )
