from __future__ import annotations

import pytest

from fnt_server.pipeline.layout.columns import columns, find_gutters, usual_gutters
from fnt_server.pipeline.layout.facing_text import sides_of
from fnt_server.pipeline.layout.geometry import Line


def make_line(text: str, *, x0: float = 50, x1: float = 250, y: float, size: float = 10) -> Line:
    return Line(text=text, x0=x0, x1=x1, y=y, size=size)


def read(lines: list[Line]) -> list[list[str]]:
    return [[line.text for line in column] for column in columns(lines)]


def make_column(
    name: str, x0: float, width: float, *, top: float = 480, rows: int = 8
) -> list[Line]:
    """Return ragged lines of a column, each text its name and the row."""
    return [
        make_line(f"{name} ligne numéro {k}", x0=x0, x1=x0 + width - 7 * (k % 4), y=top - 12 * k)
        for k in range(rows)
    ]


def texts(lines: list[Line]) -> list[str]:
    return [line.text for line in lines]


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


@pytest.mark.parametrize(
    "places",
    [
        [(50, 140), (200, 140), (350, 140)],
        [(50, 95), (150, 95), (250, 95), (350, 95)],
        [(50, 250), (310, 120)],
        [(50, 120), (180, 290)],
        [(50, 196), (250, 196)],
    ],
)
def test_columns_are_read_one_after_the_other(places: list[tuple[float, float]]) -> None:
    found = [make_column(str(k), x0, width) for k, (x0, width) in enumerate(places)]
    rows = [line for row in zip(*found, strict=True) for line in row]

    assert read(rows) == [texts(column) for column in found]


def test_a_heading_across_columns_parts_those_above_it_from_those_below() -> None:
    above = [make_column(f"haut {k}", x0, 190) for k, x0 in enumerate((50, 260))]
    below = [make_column(f"bas {k}", x0, 190, top=340) for k, x0 in enumerate((50, 260))]
    wide = [make_line("Chapitre II", x0=180, x1=320, y=370), make_line("II", x0=245, x1=255, y=358)]

    assert read([*above[0], *above[1], *wide, *below[0], *below[1]]) == [
        *map(texts, above),
        texts(wide),
        *map(texts, below),
    ]


def test_a_heading_across_two_of_three_columns_leaves_the_third() -> None:
    above = [make_column(f"haut {k}", x0, 140) for k, x0 in enumerate((50, 200))]
    below = [make_column(f"bas {k}", x0, 140, top=340) for k, x0 in enumerate((50, 200))]
    third = make_column("droite", 350, 140, rows=20)
    wide = [make_line("Chapitre II", x0=120, x1=270, y=370)]

    assert read([*above[0], *above[1], *wide, *below[0], *below[1], *third]) == [
        *map(texts, above),
        texts(wide),
        *map(texts, below),
        texts(third),
    ]


def test_names_beside_the_lines_of_a_play_are_no_column() -> None:
    speech = [
        make_line("Madame, je vous jure que non.", x0=130, x1=400, y=480 - 12 * k)
        for k in range(12)
    ]
    names = [make_line("SUZANNE.", x0=50, x1=120, y=480 - 24 * k) for k in range(6)]

    assert read([*speech, *names])[0][0] == "SUZANNE. Madame, je vous jure que non."


def test_a_page_of_few_lines_has_the_gutter_of_the_others() -> None:
    book = [[*make_column("g", 50, 190), *make_column("d", 260, 190)]] * 3
    short = [
        make_line("fin de la gauche", y=480, x1=240),
        make_line("de la droite", x0=260, x1=400, y=480),
    ]

    assert find_gutters(short) == ()
    assert [texts(part) for part in columns(short, usual=usual_gutters(book))] == [
        ["fin de la gauche"],
        ["de la droite"],
    ]


FRENCH = "le vent de la mer et les mains que la lampe ne vit pas dans le jardin du comte".split()
ENGLISH = "the wind of the sea and the hands that he saw in a garden with her on that day".split()


@pytest.mark.parametrize(("right", "sides"), [(ENGLISH, [0, 1]), (FRENCH[::-1], [0, 0])])
def test_a_right_column_in_another_language_goes_on_by_itself(
    right: list[str], sides: list[int]
) -> None:
    pages = [
        [
            make_line(" ".join(words[k % 7 :] + words[: k % 7]), x0=x0, x1=x0 + 190, y=480 - 12 * k)
            for x0, words in ((50, FRENCH), (260, right))
            for k in range(10)
        ]
    ]
    gutters = usual_gutters(pages)

    assert sides_of(columns(pages[0]), usual=gutters) == sides
