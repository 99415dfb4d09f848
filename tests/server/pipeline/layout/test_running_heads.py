from __future__ import annotations

import time
from collections.abc import Callable

import pytest
from msgspec.structs import replace

from fnt_server.pipeline.layout.geometry import Line, Page
from fnt_server.pipeline.layout.running_heads import drop_running_heads

SIZE = 10.0


def make_line(text: str, y: float, *, x0: float = 50, size: float = SIZE) -> Line:
    return Line(text=text, x0=x0, x1=x0 + 5 * len(text), y=y, size=size)


def make_pages(count: int, edges: Callable[[int], list[Line]]) -> list[Page]:
    pages = []
    for number in range(1, count + 1):
        body = [make_line(f"ligne {k * 'a'}b{number * 'c'}", 500 - 12 * k) for k in range(9)]
        pages.append(Page(number=number, height=600, lines=(*edges(number), *body)))
    return pages


def texts(pages: list[Page]) -> list[str]:
    return [line.text for page in pages for line in page.lines]


def test_heads_that_alternate_and_folios_are_dropped() -> None:
    def edges(n: int) -> list[Line]:
        return [
            make_line("Le Titre" if n % 2 else f"Chapitre {n // 5}", 560),
            make_line(str(n), 40),
        ]

    kept = texts(drop_running_heads(make_pages(20, edges), size=SIZE))

    assert len(kept) == 20 * 9
    assert all(text.startswith("ligne") for text in kept)


def test_number_beside_the_head_in_a_line_of_its_own_is_dropped_with_it() -> None:
    def edges(n: int) -> list[Line]:
        return [make_line("Le Titre", 560), make_line(str(n), 560.5, x0=300)]

    assert len(texts(drop_running_heads(make_pages(8, edges), size=SIZE))) == 8 * 9


def test_two_rows_at_the_foot_are_dropped() -> None:
    def edges(n: int) -> list[Line]:
        return [make_line("Éditions du Phare", 52), make_line(f"— {n} —", 40)]

    assert len(texts(drop_running_heads(make_pages(8, edges), size=SIZE))) == 8 * 9


def test_numbers_of_printed_sheets_below_the_text_are_dropped() -> None:
    def edges(n: int) -> list[Line]:
        return [make_line(f"{n // 4 + 1}.", 390)] if n % 4 == 1 else []

    assert len(texts(drop_running_heads(make_pages(20, edges), size=SIZE))) == 20 * 9


def test_a_number_that_ends_the_text_of_a_page_is_kept() -> None:
    pages = make_pages(20, lambda _n: [])
    last = pages[8].lines[-1]
    pages[8] = replace(pages[8], lines=(*pages[8].lines[:-1], replace(last, text="48.")))

    assert len(texts(drop_running_heads(pages, size=SIZE))) == 20 * 9


def test_a_title_that_also_runs_above_is_kept_where_it_opens_the_chapter() -> None:
    running = make_pages(18, lambda n: [make_line("Chapitre I", 560)])
    opening = make_line("Chapitre I", 480)
    pages = [
        replace(page, lines=(opening, *page.lines[4:])) if page.number % 6 == 1 else page
        for page in running
    ]

    assert texts(drop_running_heads(pages, size=SIZE)).count("Chapitre I") == 3


def test_page_numbers_are_enough_in_a_book_of_three_pages() -> None:
    def edges(n: int) -> list[Line]:
        return [make_line(f"{n + 6} Horace de Viel-Castel" if n > 1 else "L’Auteur", 560, size=8)]

    kept = texts(drop_running_heads(make_pages(3, edges), size=SIZE))

    assert "8 Horace de Viel-Castel" not in kept
    assert "9 Horace de Viel-Castel" not in kept


def test_copies_of_one_page_are_text() -> None:
    page = make_pages(1, lambda n: [make_line("Un poème", 560)])[0]
    copies = [replace(page, number=n) for n in range(1, 6)]

    assert len(texts(drop_running_heads(copies, size=SIZE))) == 5 * 10


def test_a_reply_that_often_begins_a_page_is_text() -> None:
    def edges(n: int) -> list[Line]:
        return [make_line("— Oui." if n % 5 == 0 else f"— Réplique unique {n * 'a'}.", 512)]

    assert len(texts(drop_running_heads(make_pages(40, edges), size=SIZE))) == 40 * 10


def test_lines_of_a_book_set_with_double_leading_are_text() -> None:
    lines = [make_line(f"ligne {k * 'a'}", 500 - 24 * k) for k in range(9)]
    pages = [
        Page(
            number=n,
            height=600,
            lines=tuple(replace(line, text=line.text + n * "b") for line in lines),
        )
        for n in range(1, 12)
    ]

    assert len(texts(drop_running_heads(pages, size=SIZE))) == 11 * 9


def test_heads_of_scanned_pages_that_shift_are_dropped() -> None:
    shifts = [0, 9, -7, 4, -11, 6, -3, 11, -9, 2]

    def moved(page: Page) -> Page:
        shift = shifts[page.number % 10]
        return replace(page, lines=tuple(replace(line, y=line.y + shift) for line in page.lines))

    pages = make_pages(40, lambda n: [make_line("Le Titre" if n % 2 else "Chapitre 3", 540)])

    assert len(texts(drop_running_heads([moved(page) for page in pages], size=SIZE))) == 40 * 9


def test_headings_at_the_head_of_pages_are_kept_where_nothing_runs_above_the_others() -> None:
    pages = make_pages(40, lambda n: [make_line(f"Chapitre {n // 5}", 530)] if n % 5 == 0 else [])

    assert (
        sum(text.startswith("Chapitre") for text in texts(drop_running_heads(pages, size=SIZE)))
        == 8
    )


def test_the_heading_of_chapter_one_on_page_one_is_no_page_number() -> None:
    def edges(n: int) -> list[Line]:
        return [make_line(f"Chapitre 1 {n}", 560)] if n > 1 else [make_line("Chapitre 1", 530)]

    assert "Chapitre 1" in texts(drop_running_heads(make_pages(12, edges), size=SIZE))


def test_notes_of_one_line_below_every_page_are_left_for_the_notes() -> None:
    pages = make_pages(12, lambda n: [make_line(f"{2 * n}. Ibidem.", 370, size=8)])

    assert sum("Ibidem" in text for text in texts(drop_running_heads(pages, size=SIZE))) == 12


def test_the_end_of_a_sentence_that_many_pages_share_is_kept() -> None:
    refrain = [make_line("Il revint, et la mer", 392), make_line("montait sur la grève.", 380)]

    kept = texts(drop_running_heads(make_pages(9, lambda _: refrain), size=SIZE))

    assert kept.count("montait sur la grève.") == 9


@pytest.mark.faults
def test_running_heads_take_time_in_proportion_to_the_pages() -> None:
    def effort(pages: int) -> float:
        head = Line(text="LA LAMPE DU BAC", x0=50, x1=150, y=560, size=9)
        book = [
            Page(
                number=number,
                height=600,
                lines=(
                    head,
                    Line(text=f"et la nuit {number} tombait", x0=50, x1=350, y=500, size=11),
                    Line(text=f"sur le fleuve {number}", x0=50, x1=350, y=486, size=11),
                ),
            )
            for number in range(1, pages + 1)
        ]
        start = time.process_time()
        assert not any(head in page.lines for page in drop_running_heads(book, size=11))
        return time.process_time() - start

    assert min(effort(4000) for _ in range(2)) < 8 * min(effort(1000) for _ in range(2))
