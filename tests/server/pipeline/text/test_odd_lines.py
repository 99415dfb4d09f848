"""Books of odd lines in odd places: each is read, whatever it is taken for."""

from __future__ import annotations

import random

import pytest

from fnt_server.pipeline.layout.geometry import HYPHEN, Line, Page
from fnt_server.pipeline.text.paragraphs import find_paragraphs

ODD = (
    "... .. . * — « » “ – - / _ @ ? ! ’ ' 0 1 12 (1) (*) [1] I A. S.A.R. a é a_b x/ www. http:// "
    f"http://a.b/c{HYPHEN} a{HYPHEN} {HYPHEN} e.g. 18…"
).split()
KNOWN = [
    "Paul",
    "M. de T.",
    "Paris, le 3 mai 1847",
    "SUZANNE",
    "C H A P I T R E  I",
    "L E S  A M I S",
    "1 Une note.",
    "Fin de phrase.",
    "la mer, qui montait, et ne dit",
]
BOOKS = 1000


def make_line(chance: random.Random, y: float) -> Line:
    text = " ".join(chance.choice(ODD + KNOWN) for _ in range(chance.choice([1, 1, 1, 2, 5])))
    x0 = chance.choice([50.0, 50.0, 65.0, 120.5, 150.0])
    x1 = x0 + chance.choice([20.0, 80.0, 195.0, 200.0])
    return Line(text=text, x0=x0, x1=x1, y=y, size=chance.choice([7.0, 10.0, 10.0, 14.0]))


def make_pages(chance: random.Random) -> list[Page]:
    pages = []
    for number in range(1, chance.randint(2, 5)):
        y, lines = 560.0, []
        for _ in range(chance.randint(1, 14)):
            lines.append(make_line(chance, y))
            y -= chance.choice([13.0, 13.0, 13.0, 20.0, 30.0, 60.0])
        pages.append(Page(number=number, height=600, lines=tuple(lines)))
    return pages


@pytest.mark.faults
def test_a_book_of_odd_lines_is_read() -> None:
    for seed in range(BOOKS):
        pages = make_pages(random.Random(seed))
        try:
            find_paragraphs(pages, size=10.0, fix_hyphenation=True)
        except Exception as error:
            raise AssertionError(f"book {seed}: {pages}") from error
