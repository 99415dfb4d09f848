from __future__ import annotations

from fnt_server.pipeline.layout.geometry import (
    Line,
    Page,
    body_size,
    columns,
    usual_leading,
    with_steady_sizes,
)


def make_line(text: str, *, x0: float = 50, x1: float = 250, y: float, size: float = 10) -> Line:
    return Line(text=text, x0=x0, x1=x1, y=y, size=size)


def read(lines: list[Line]) -> list[list[str]]:
    return [[line.text for line in column] for column in columns(lines)]


def test_body_size_is_that_of_most_letters() -> None:
    lines = (make_line("TITRE", y=9, size=20), make_line("le texte du livre", y=8))

    assert body_size([Page(number=1, height=600, lines=lines)]) == 10


def test_columns_sorts_lines_drawn_out_of_order() -> None:
    lines = [make_line("deux", y=480), make_line("trois", y=460), make_line("un", y=500)]

    assert read(lines) == [["un", "deux", "trois"]]


def test_columns_reads_the_left_column_first_below_a_wide_title() -> None:
    heights = range(480, 400, -12)
    left = [make_line(f"g{y}", y=y) for y in heights]
    right = [make_line(f"d{y}", x0=270, x1=470, y=y) for y in heights]
    rows = [line for pair in zip(left, right, strict=True) for line in pair]

    assert read([make_line("Titre", x0=150, x1=370, y=500), *rows]) == [
        ["Titre"],
        [line.text for line in left],
        [line.text for line in right],
    ]


def test_columns_of_nothing_are_none() -> None:
    assert columns([]) == []


def test_columns_joins_pieces_of_a_line() -> None:
    pieces = [
        make_line("Il fut", x1=80, y=500),
        make_line("frappé.", x0=84, x1=120, y=500.5),
        make_line("Le roi", y=488),
    ]

    assert read(pieces) == [["Il fut frappé.", "Le roi"]]


def test_columns_reads_words_of_a_scan_that_dance_on_their_line() -> None:
    words = [
        make_line("trois", x0=50, x1=80, y=478.9),
        make_line("un", x0=50, x1=70, y=499.6),
        make_line("deux", x0=74, x1=100, y=500.4),
    ]

    assert read(words) == [["un deux", "trois"]]


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
