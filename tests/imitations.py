"""Sets small books as sites and publishers do: the author's text, and what they wrap it in.

A book is pages of lines such as `= Title`, `# Heading`, `+ centered`, `| flush left`, `> right`,
`  paragraph`. `STORY` stands for chapters of the sample story. What is the author's is marked by
`§` before the line, so that a test can tell what is to be kept.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from fpdf import FPDF

from fnt_server.cli.sample import story_text
from typeset import FIRST_DAY

STORY = "STORY"


@dataclass(frozen=True, slots=True, kw_only=True)
class Imitation:
    """A book, and what is right for it."""

    pages: list[str]
    title: str | None = None
    author: str | None = None
    info: dict[str, str] = field(default_factory=dict)
    """Title and author that the file says."""
    chapters: int = 3
    flowing: bool = False
    """Pages follow each other without page breaks, as in text that was printed from a browser."""
    size: float = 11
    font: str = "Times"
    numbered: bool = True
    heading: str = "Chapitre {}"


class _Sheet(FPDF):
    numbered = True

    def footer(self) -> None:
        if self.numbered and self.page_no() > 1:
            self.set_y(-14)
            self.set_font("Times", "", 8.5)
            self.cell(0, 4, f"- {self.page_no()} -", align="C")


def set_book(book: Imitation, path: Path) -> list[str]:
    """Write the PDF, and return the paragraphs that are the author's, in order."""
    sheet = _Sheet(unit="mm", format=(120, 180))
    sheet.numbered = book.numbered
    sheet.core_fonts_encoding = "cp1252"
    sheet.set_creation_date(FIRST_DAY)
    sheet.set_margins(15, 15)
    sheet.set_auto_page_break(True, margin=20)
    if "title" in book.info:
        sheet.set_title(book.info["title"])
    if "author" in book.info:
        sheet.set_author(book.info["author"])
    kept: list[str] = []
    for number, page in enumerate(_with_story(book)):
        if number == 0 or not book.flowing:
            sheet.add_page()
        for raw in page.strip("\n").split("\n"):
            mine = raw.startswith("§")
            line = raw.removeprefix("§")
            if mine and line.strip():
                kept.append(line[1:].strip() if line[0] in "=#+|>" else line.strip())
            _draw(sheet, line, book)
    sheet.output(str(path))
    return kept


def _with_story(book: Imitation) -> list[str]:
    pages: list[str] = []
    for page in book.pages:
        pages += _chapters(book) if page == STORY else [page]
    return pages


def _chapters(book: Imitation) -> list[str]:
    _, *blocks = [" ".join(block.split()) for block in story_text().split("\n\n")]
    body = [block for block in blocks if block and not block.startswith("Chapitre ")]
    share = len(body) // book.chapters
    pages = []
    for k in range(book.chapters):
        lines = [f"§# {book.heading.format(k + 1)}"] if book.heading else []
        lines += [f"§  {text}" for text in body[k * share : (k + 1) * share]]
        pages.append("\n".join(lines))
    return pages


def _draw(sheet: FPDF, line: str, book: Imitation) -> None:
    mark, text = line[:1], line[1:].strip()
    size, height = book.size, book.size * 1.25 * 25.4 / 72
    if not text:
        sheet.ln(height)
    elif mark == "=":
        sheet.set_font(book.font, "B", size * 1.9)
        sheet.multi_cell(0, height * 1.9, text, align="C", new_x="LMARGIN", new_y="NEXT")
        sheet.ln(height)
    elif mark == "#":
        sheet.ln(height * 2)
        sheet.set_font(book.font, "B", size * 1.3)
        sheet.multi_cell(0, height * 1.3, text, align="C", new_x="LMARGIN", new_y="NEXT")
        sheet.ln(height)
    elif mark in "+|>":
        sheet.set_font(book.font, "", size)
        align = {"+": "C", "|": "L", ">": "R"}[mark]
        sheet.multi_cell(0, height, text, align=align, new_x="LMARGIN", new_y="NEXT")
    else:
        sheet.set_font(book.font, "", size)
        with (
            sheet.text_columns(text_align="J", line_height=1.25) as column,
            column.paragraph(first_line_indent=5) as block,
        ):
            block.write(text)
