"""The sample story as a book, and books made for load."""

from __future__ import annotations

import re
from pathlib import Path

import pypdfium2
import pytest

from fnt_server.cli.sample import TITLE, story_pdf, story_text
from typeset import Layout, is_heading, make_book, typeset

LINE_END_HYPHEN = re.compile("[\x02\ufffe]")
"""How pdfium tells a hyphen at the end of a line; the line goes on without a break."""


def read_pages(path: Path) -> list[str]:
    with pypdfium2.PdfDocument(path) as document:
        return [page.get_textpage().get_text_range() for page in document]


def without_furniture(pages: list[str]) -> str:
    """Drop what is not the story: the running head above, the folio below.

    The folio follows a hyphen at the foot of the page without a line break.
    """
    kept: list[str] = []
    for number, page in enumerate(pages, start=1):
        body = re.sub(rf"(?:\r\n|(?<={LINE_END_HYPHEN.pattern})){number}$", "", page)
        first, _, rest = body.partition("\r\n")
        is_head = (number > 1 and first == TITLE) or first in kept
        kept += (rest if is_head else body).split("\r\n")
    return re.sub(f"{LINE_END_HYPHEN.pattern}\n?", "", "\n".join(kept))


@pytest.fixture(scope="module")
def story_pages() -> list[str]:
    return read_pages(story_pdf())


def test_story_is_a_novel_in_small() -> None:
    paragraphs = story_text().rstrip("\n").split("\n\n")

    assert paragraphs[0] == TITLE
    assert len([p for p in paragraphs if is_heading(p)]) == 5
    assert 4_500 <= len(re.findall(r"\w+", story_text())) <= 6_000
    assert all("\n" not in p and p == p.strip() for p in paragraphs)


def test_story_pdf_holds_the_exact_words(story_pages: list[str]) -> None:
    assert without_furniture(story_pages).split() == story_text().split()


def test_story_pdf_looks_like_a_printed_book(story_pages: list[str]) -> None:
    hyphens = sum(len(LINE_END_HYPHEN.findall(page)) for page in story_pages)

    assert len(story_pages) >= 12
    assert hyphens > 80
    assert sum(page.startswith(TITLE) for page in story_pages) > 5
    assert sum(page.startswith("Chapitre") for page in story_pages) > 10
    assert sum("\n— " in page for page in story_pages) > 10


def test_story_pdf_is_what_the_text_gives_today(tmp_path: Path, story_pages: list[str]) -> None:
    """The committed book is not older than its text. Pages, not bytes: zlib differs by system."""
    typeset(story_text(), tmp_path / "story.pdf", title=TITLE)

    assert read_pages(tmp_path / "story.pdf") == story_pages


def test_typeset_gives_the_same_bytes_every_time(tmp_path: Path) -> None:
    for name in ("first.pdf", "second.pdf"):
        typeset(story_text(), tmp_path / name, title=TITLE)

    assert (tmp_path / "first.pdf").read_bytes() == (tmp_path / "second.pdf").read_bytes()


def test_typeset_plain_layout_has_no_furniture(tmp_path: Path) -> None:
    plain = Layout(hyphenated=False, running_heads=False, page_numbers=False, justified=False)
    typeset(story_text(), tmp_path / "plain.pdf", title=TITLE, layout=plain)

    text = "\n".join(read_pages(tmp_path / "plain.pdf"))
    assert not LINE_END_HYPHEN.search(text)
    assert text.split() == story_text().split()


@pytest.mark.parametrize(("pages", "seed"), [(2, 0), (9, 1), (30, 2), (31, 3)])
def test_make_book_has_exactly_the_pages_asked_for(tmp_path: Path, pages: int, seed: int) -> None:
    make_book(pages, tmp_path / "book.pdf", seed=seed)

    assert len(read_pages(tmp_path / "book.pdf")) == pages


def test_make_book_differs_by_seed_alone(tmp_path: Path) -> None:
    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        make_book(4, tmp_path / name, seed=seed)

    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()
    assert (tmp_path / "a").read_bytes() != (tmp_path / "c").read_bytes()
