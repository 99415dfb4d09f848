from __future__ import annotations

from fnt_server.pipeline.layout.geometry import (
    Line,
    Page,
    body_size,
    usual_leading,
    with_steady_sizes,
)


def make_line(text: str, *, x0: float = 50, x1: float = 250, y: float, size: float = 10) -> Line:
    return Line(text=text, x0=x0, x1=x1, y=y, size=size)


def test_body_size_is_that_of_most_letters() -> None:
    lines = (make_line("TITRE", y=9, size=20), make_line("le texte du livre", y=8))

    assert body_size([Page(number=1, height=600, lines=lines)]) == 10


def test_usual_leading_is_that_of_most_lines() -> None:
    lines = tuple(make_line("texte", y=500 - 22 * k) for k in range(8))

    assert usual_leading([Page(number=1, height=600, lines=lines)], size=10) == 22


def test_sizes_that_text_recognition_guessed_are_made_one() -> None:
    guessed = [make_line("un mot", y=500 - 12 * k, size=9.4 + 0.1 * k) for k in range(13)]
    title = make_line("Titre", y=560, size=16)
    [page] = with_steady_sizes([Page(number=1, height=600, lines=(title, *guessed))])

    assert [line.size for line in page.lines] == [16] + [10.0] * 13


def test_sizes_that_a_printer_chose_stay() -> None:
    chosen = tuple(make_line("un mot", y=500 - 12 * k, size=[9, 10, 12][k % 3]) for k in range(13))

    assert with_steady_sizes([Page(number=1, height=600, lines=chosen)])[0].lines == chosen
