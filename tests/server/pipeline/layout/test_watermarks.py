from __future__ import annotations

from collections.abc import Callable

import pytest
from msgspec.structs import replace

from fnt_server.pipeline.layout.geometry import Line, Page
from fnt_server.pipeline.layout.watermarks import drop_watermarks

SIZE = 10.0


def make_line(text: str, y: float, *, x0: float = 50, size: float = SIZE) -> Line:
    return Line(text=text, x0=x0, x1=x0 + 5 * len(text), y=y, size=size)


def make_pages(count: int, more: Callable[[int], list[Line]]) -> list[Page]:
    pages = []
    for number in range(1, count + 1):
        body = [make_line(f"ligne {k * 'a'}b{number * 'c'}", 500 - 12 * k) for k in range(9)]
        pages.append(Page(number=number, height=600, lines=(*body, *more(number))))
    return pages


def kept(pages: list[Page]) -> list[str]:
    found = [line.text for page in drop_watermarks(pages, size=SIZE) for line in page.lines]
    return [text for text in found if not text.startswith("ligne")]


def test_what_stands_at_one_place_in_the_text_of_many_pages_is_dropped() -> None:
    assert kept(make_pages(9, lambda n: [make_line(f"Spécimen {n}", 300.2, size=40)])) == []
    assert kept(make_pages(9, lambda n: [make_line("— Oui.", 300 - 12 * n)])) == ["— Oui."] * 9


@pytest.mark.parametrize("text", ["— Jamais !", "Et la mer montait toujours,", "dans la nuit"])
def test_lines_of_text_that_come_again_in_one_place_are_text(text: str) -> None:
    assert kept(make_pages(9, lambda n: [make_line(text, 392)])) == [text] * 9
    assert kept(make_pages(9, lambda n: [make_line(text, 512)] * (n % 2))) == [text] * 5
    assert kept(make_pages(9, lambda n: [make_line(text, 350)])) == []
    assert kept(make_pages(9, lambda n: [make_line(text, 392, size=8)])) == []


def test_copies_of_one_page_are_text() -> None:
    page = make_pages(1, lambda n: [make_line("Un poème", 300)])[0]

    assert kept([replace(page, number=n) for n in range(1, 6)]) == ["Un poème"] * 5


def test_line_numbers_beside_the_text_are_dropped() -> None:
    beside = make_pages(3, lambda n: [make_line("5", 452, x0=20), make_line("10", 404, x0=20)])
    within = make_pages(6, lambda n: [make_line("12", 404 - n, x0=60)])

    assert kept(beside) == []
    assert kept(within) == ["12"] * 6


def test_specks_are_dropped_and_signs_of_the_text_stay() -> None:
    pages = make_pages(2, lambda n: [make_line(".", 450, x0=9), make_line("~", 450, size=4)])

    assert kept(pages) == []
    assert kept(make_pages(1, lambda n: [make_line("…", 390), make_line("Ô", 378)])) == ["…", "Ô"]


def test_letters_drawn_twice_to_look_bold_are_read_once() -> None:
    pages = make_pages(2, lambda n: [make_line("Un", 380), make_line("Un", 380.2, x0=50.4)])
    twice = make_pages(1, lambda n: [make_line("— Oui.", 380), make_line("— Oui.", 368)])

    assert kept(pages) == ["Un", "Un"]
    assert kept(twice) == ["— Oui.", "— Oui."]


def test_the_salutation_of_many_letters_is_text() -> None:
    def page(n: int) -> Page:
        begins = n % 2 == 1
        rows = [f"suite {n} {k * 'a'} et" for k in range(9)]
        rows[-1] = "suite et fin." if not begins else rows[-1]
        above = [make_line("LETTRE", 560), make_line("Mon cher père,", 530)] if begins else []
        body = [make_line(text, 500 - 12 * k) for k, text in enumerate(rows)]
        return Page(number=n, height=600, lines=(*above, *body))

    found = kept([page(n) for n in range(1, 21)])

    assert found.count("Mon cher père,") == 10
