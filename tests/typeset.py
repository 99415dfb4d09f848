"""Sets French prose as a printed novel: justified, hyphenated, with running heads and folios.

Run it to rebuild the sample story's PDF, or, with `--pages`, to make a long book.
"""

from __future__ import annotations

import argparse
import random
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

import pyphen
from fpdf import FPDF
from fpdf.enums import WrapMode

from fnt_server.cli.sample import story_pdf, story_text

FIRST_DAY = datetime(2000, 1, 1, tzinfo=UTC)
"""The creation date of every book, so that the same text gives the same bytes."""

NO_BREAK = "\u00a0"
SOFT_HYPHEN = "\u00ad"
GLUED_SPACE = re.compile(
    r" (?=[;:!?»])|(?<=[«—]) |(?<=\d) (?=\d{3})|(?<=\bM\.) |(?<=\bMme) |(?<=\bMlle) |(?<=\bDr) "
)
LONG_WORD = re.compile(r"[^\W\d_]{5,}")
SENTENCE_END = re.compile(r"(?<=[.!?…]) (?=[A-ZÀÉÊ—])")


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """How the page looks: by default a French paperback of about 250 words a page."""

    width_mm: float = 110
    height_mm: float = 178
    margin_mm: float = 14
    font_size_pt: float = 10.5
    leading: float = 1.3
    indent_mm: float = 4
    justified: bool = True
    hyphenated: bool = True
    running_heads: bool = True
    page_numbers: bool = True
    columns: int = 1


class Book(FPDF):
    """A book being set. Running heads name the title on left pages, the chapter on right ones."""

    def __init__(self, *, title: str, layout: Layout) -> None:
        super().__init__(unit="mm", format=(layout.width_mm, layout.height_mm))
        self.book_title = title
        self.layout = layout
        self.chapter = ""
        self.opens_chapter = True
        self.core_fonts_encoding = "cp1252"
        self.set_title(title)
        self.set_lang("fr")
        self.set_producer("fpdf2")
        self.set_creation_date(FIRST_DAY)
        self.set_margins(layout.margin_mm, layout.margin_mm)
        self.set_auto_page_break(True, margin=layout.margin_mm + 4)

    @property
    def line_mm(self) -> float:
        """Height of a line of body text."""
        return self.layout.font_size_pt * self.layout.leading * 25.4 / 72

    def header(self) -> None:
        if not self.layout.running_heads or self.opens_chapter:
            return
        self.set_font("Times", "I", 8.5)
        is_left = self.page_no() % 2 == 0
        head = self.book_title if is_left else self.chapter
        self.cell(0, 4, head, align="L" if is_left else "R")
        self.ln(8)

    def footer(self) -> None:
        if not self.layout.page_numbers or self.page_no() == 1:
            return
        self.set_y(-self.layout.margin_mm)
        self.set_font("Times", "", 8.5)
        self.cell(0, 4, str(self.page_no()), align="C")

    def add_title(self) -> None:
        """Give the title a page of its own."""
        self.opens_chapter = True
        self.add_page()
        self.set_y(self.layout.height_mm / 3)
        self.set_font("Times", "B", 20)
        self.multi_cell(0, 10, self.book_title, align="C")

    def add_heading(self, heading: str) -> None:
        """Open a chapter on a new page, which has no running head."""
        self.opens_chapter, self.chapter = True, heading
        self.add_page()
        self.opens_chapter = False
        self.set_y(self.layout.height_mm / 5)
        self.set_font("Times", "B", 13)
        self.multi_cell(0, 7, heading, align="C")
        self.ln(8)

    def add_paragraphs(self, texts: Iterable[str]) -> None:
        """Set paragraphs one after the other, the first line of each indented."""
        self.set_font("Times", "", self.layout.font_size_pt)
        with self.text_columns(
            ncols=self.layout.columns,
            gutter=6,
            text_align="J" if self.layout.justified else "L",
            line_height=self.layout.leading,
        ) as column:
            for text in texts:
                with column.paragraph(
                    first_line_indent=self.layout.indent_mm, wrapmode=WrapMode.WORD
                ) as block:
                    block.write(self._prepared(text))

    def _prepared(self, text: str) -> str:
        text = GLUED_SPACE.sub(NO_BREAK, text)
        if self.layout.hyphenated:
            text = LONG_WORD.sub(lambda word: _hyphenated(word[0]), text)
        return text


def typeset(text: str, path: Path, *, title: str, layout: Layout | None = None) -> None:
    """Write paragraphs between blank lines as a book; those beginning `Chapitre` open chapters."""
    book = Book(title=title, layout=layout or Layout())
    book.add_title()
    run: list[str] = []
    for paragraph in _paragraphs(text):
        if is_heading(paragraph):
            book.add_paragraphs(run)
            run = []
            book.add_heading(paragraph)
        elif paragraph != title:
            run.append(paragraph)
        if book.layout.columns == 1:
            book.add_paragraphs(run)
            run = []
    book.add_paragraphs(run)
    book.output(str(path))


def make_book(pages: int, path: Path, *, seed: int = 0) -> None:
    """Write a book of exactly that many pages (2 or more), the story's sentences shuffled."""
    book = Book(title="Le Livre sans fin", layout=Layout())
    longest_paragraph_mm = 16 * book.line_mm
    chapters = _endless_chapters(random.Random(seed))
    book.add_title()
    while book.page_no() < pages:
        heading, paragraphs = next(chapters)
        book.add_heading(heading)
        for paragraph in paragraphs:
            if book.page_no() >= pages and book.will_page_break(longest_paragraph_mm):
                break
            book.add_paragraphs([paragraph])
    book.output(str(path))


def is_heading(paragraph: str) -> bool:
    """Whether a paragraph of the story is the heading of a chapter."""
    return paragraph.startswith("Chapitre ")


def _paragraphs(text: str) -> list[str]:
    return [" ".join(block.split()) for block in text.split("\n\n") if block.strip()]


def _endless_chapters(rng: random.Random) -> Iterator[tuple[str, Iterable[str]]]:
    _title, *paragraphs = _paragraphs(story_text())
    sentences = [
        sentence
        for paragraph in paragraphs
        if not is_heading(paragraph)
        for sentence in SENTENCE_END.split(paragraph)
    ]
    number = 0
    while True:
        number += 1
        shuffled = rng.sample(sentences, len(sentences))
        yield f"Chapitre {number}. La suite", _regrouped(shuffled, rng)


def _regrouped(sentences: Sequence[str], rng: random.Random) -> Iterator[str]:
    """Join sentences to paragraphs; one that speaks begins a paragraph, as dialogue does."""
    paragraph: list[str] = []
    for sentence in sentences:
        is_full = sum(map(len, paragraph)) + len(sentence) > 600 or rng.random() < 0.25
        if paragraph and (is_full or sentence.startswith("—")):
            yield " ".join(paragraph)
            paragraph = []
        paragraph.append(sentence)
    yield " ".join(paragraph)


@cache
def _dictionary() -> pyphen.Pyphen:
    return pyphen.Pyphen(lang="fr", left=2, right=3)


@cache
def _hyphenated(word: str) -> str:
    return str(_dictionary().inserted(word, SOFT_HYPHEN))


def main() -> None:
    """Rebuild the sample, or write a long book."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("path", nargs="?", type=Path, default=story_pdf())
    parser.add_argument("--pages", type=int, help="make a book of that many pages")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    if options.pages:
        make_book(options.pages, options.path, seed=options.seed)
    else:
        title, _ = story_text().split("\n", 1)
        typeset(story_text(), options.path, title=title)


if __name__ == "__main__":
    main()
