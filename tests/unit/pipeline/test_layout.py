from __future__ import annotations

from fnt_server.pipeline.layout import Line, Page, body_size, columns


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
