from __future__ import annotations

import pytest

from fnt_server.pipeline.layout.geometry import Line, Page
from fnt_server.pipeline.layout.table_of_contents import split_table_of_contents


def make_page(*texts: str) -> Page:
    lines = (
        Line(text=text, x0=50, x1=250, y=500 - 12 * k, size=10) for k, text in enumerate(texts)
    )
    return Page(number=1, height=600, lines=tuple(lines))


def kept(*pages: Page) -> list[str]:
    rest, _ = split_table_of_contents(pages)
    return [line.text for page in rest for line in page.lines]


@pytest.mark.parametrize(
    "lines",
    [
        ["Table des matières", "Le bac 5", "La lampe qui brûle", "toujours 17", "La nuit 30"],
        ["Le bac . . . . . 5", "La lampe . . . . . 17", "La nuit........ 30"],
        ["I. Bac 1", "II. Nuit 9", "III. Jour 31", "IV. Mer 40", "V. Rive 55", "VI. Fin 60"],
    ],
    ids=["title", "leaders", "many"],
)
def test_a_table_of_contents_is_dropped(lines: list[str]) -> None:
    rest, dropped = split_table_of_contents(
        [make_page("Le livre parut.", *lines, "Il était une fois.")]
    )

    assert [line.text for line in rest[0].lines] == ["Le livre parut.", "Il était une fois."]
    assert [found.text for found in dropped] == lines
    assert {found.reason for found in dropped} == {"table of contents"}


def test_numbers_that_stand_alone_in_their_column_belong_to_it() -> None:
    page = make_page("TABLE", "Le bac", "La lampe", "La nuit")
    numbers = tuple(
        Line(text=text, x0=240, x1=250, y=line.y, size=10)
        for text, line in zip(("5", "9", "12"), page.lines[1:], strict=True)
    )

    assert kept(Page(number=1, height=600, lines=page.lines + numbers)) == []


def test_it_goes_on_overleaf() -> None:
    title = make_page("Table", "Le bac 5", "La lampe 9", "La nuit 12")

    assert kept(title, make_page("Le jour 15", "La mer 20", "La rive 31")) == []


def test_lines_of_text_that_end_in_numbers_are_text() -> None:
    page = make_page("Il naquit en 1830", "et mourut en 1812", "ou en 1901, puis en 7", "jours.")

    assert len(kept(page)) == 4
