from __future__ import annotations

from collections.abc import Callable

import pytest

from fnt_server.pipeline.layout.geometry import Line, Page
from fnt_server.pipeline.layout.running_heads import drop_running_heads
from fnt_server.pipeline.layout.watermarks import drop_watermarks

SIZE = 10.0
LETTERS = "abcdefghijklmnopqrstuvwxyz"


def make_line(
    text: str, y: float, *, x0: float = 50, width: float = 200, size: float = SIZE
) -> Line:
    return Line(text=text, x0=x0, x1=x0 + width, y=y, size=size)


def chapter(
    number: int, first_page: int, pages: int, heads: Callable[[int], list[Line]]
) -> list[Page]:
    """Set a chapter whose text begins on its first page and goes on to its last."""
    made = []
    for k in range(pages):
        n = first_page + k
        opens, closes = k == 0, k == pages - 1
        name = LETTERS[number % 26] + LETTERS[n % 26]
        body = [make_line(f"suite {name} {LETTERS[row]} et", 500 - 12 * row) for row in range(10)]
        if opens:
            body[0] = make_line(f"Début {name} du", 500, x0=62, width=188)
        if closes:
            body[-1] = make_line(f"fin {name}.", body[-1].y, width=80)
        made.append(Page(number=n, height=600, lines=(*heads(n if not opens else -number), *body)))
    return made


def book(lengths: list[int], heads: Callable[[int], list[Line]]) -> list[Page]:
    """Set chapters; `heads` gets the page, or minus the chapter where one begins."""
    pages: list[Page] = []
    for number, length in enumerate(lengths, start=1):
        pages += chapter(number, len(pages) + 1, length, heads)
    return pages


def kept(pages: list[Page]) -> list[str]:
    bare = drop_watermarks(drop_running_heads(pages, size=SIZE), size=SIZE)
    texts = [line.text for page in bare for line in page.lines]
    return [text for text in texts if not text.startswith(("suite", "Début", "fin"))]


@pytest.mark.parametrize("lengths", [[1] * 12, [2] * 12, [1, 2, 3] * 6])
@pytest.mark.parametrize("size", [9.0, 10.0, 16.0])
@pytest.mark.parametrize("name", ["Chapitre {}", "Lettre {}", "SPLEEN"])
def test_a_heading_at_the_top_of_each_chapter_is_kept(
    lengths: list[int], size: float, name: str
) -> None:
    def heads(n: int) -> list[Line]:
        return [make_line(name.format(-n), 530, x0=120, width=60, size=size)] if n < 0 else []

    assert len(kept(book(lengths, heads))) == len(lengths)


@pytest.mark.parametrize("lengths", [[3] * 8, [2, 4] * 6])
def test_a_head_that_wraps_is_dropped_whole_and_the_heading_below_it_kept(
    lengths: list[int],
) -> None:
    def heads(n: int) -> list[Line]:
        if n < 0:
            return [make_line(f"Titre du chapitre {-n}", 521, x0=100, width=100, size=14)]
        return [
            make_line(f"Où l’on voit {LETTERS[n % 5]}", 560, size=8),
            make_line("la suite de l’histoire", 552, size=8),
            make_line(f"du moulin {n}", 544, size=8),
        ]

    assert kept(book(lengths, heads)) == [
        f"Titre du chapitre {n}" for n in range(1, len(lengths) + 1)
    ]


def test_running_heads_that_change_with_short_chapters_are_dropped() -> None:
    names: list[str] = []

    def heads(n: int) -> list[Line]:
        if n < 0:
            names.append(f"Récit {LETTERS[-n]}")
            return [make_line(names[-1], 525, x0=120, width=60)]
        return [make_line(names[-1], 560, x0=120, width=50, size=8)]

    assert kept(book([2] * 12, heads)) == names


def test_a_title_that_many_poems_share_is_kept() -> None:
    pages = [
        Page(
            number=n,
            height=600,
            lines=(
                make_line("SPLEEN", 530, x0=120, width=40),
                *(make_line(f"Suite {LETTERS[n]} {k}", 500 - 12 * k, width=180) for k in range(8)),
                make_line(f"Fin {LETTERS[n]}.", 400, width=185),
            ),
        )
        for n in range(1, 9)
    ]

    assert [text for text in kept(pages) if text == "SPLEEN"] == ["SPLEEN"] * 8


def test_who_speaks_at_the_top_of_a_page_is_kept() -> None:
    def page(n: int) -> Page:
        def speaks(row: int) -> bool:
            return row % 5 == n % 5

        names = [
            make_line("SUZANNE", 500 - 12 * k, x0=120, width=50) for k in range(16) if speaks(k)
        ]
        said = [make_line(f"suite {LETTERS[n]} {k} et", 500 - 12 * k) for k in range(16) if k % 4]
        return Page(
            number=n, height=600, lines=tuple(sorted([*names, *said], key=lambda line: -line.y))
        )

    assert kept([page(n) for n in range(1, 13)]) == ["SUZANNE"] * 38


@pytest.mark.parametrize("size", [11.0, 14.0])
@pytest.mark.parametrize("rows", [8, 20])
def test_a_large_title_above_verse_without_marks_is_kept(size: float, rows: int) -> None:
    pages = [
        Page(
            number=n,
            height=600,
            lines=(
                make_line(f"Titre {LETTERS[n]}", 560, width=40, size=size),
                *(
                    make_line(f"suite {LETTERS[n]} {k}", 520 - 13 * k, width=90)
                    for k in range(rows)
                ),
            ),
        )
        for n in range(1, 13)
    ]

    assert len(kept(pages)) == 12
