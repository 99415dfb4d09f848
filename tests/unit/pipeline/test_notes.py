from __future__ import annotations

from itertools import chain

from fnt_server.pipeline.layout import Line
from fnt_server.pipeline.notes import part_notes


def make_column(*lines: tuple[str, float]) -> list[Line]:
    return [
        Line(text=text, x0=50, x1=250, y=500 - 12 * k, size=size)
        for k, (text, size) in enumerate(lines)
    ]


def read(columns: list[list[Line]], *, open_note: bool = False) -> tuple[list[str], bool]:
    kept, notes, still_open = part_notes(columns, size=10, open_note=open_note)
    assert [*(line for column in kept for line in column), *notes] == list(chain(*columns))
    return [line.text for column in kept for line in column], still_open


def test_small_type_with_a_mark_at_the_foot_is_dropped() -> None:
    column = make_column(("Le texte.", 10), ("1 Voyez plus haut.", 8), ("2 Idem.", 8))

    assert read([column]) == (["Le texte."], False)


def test_a_note_that_goes_on_overleaf_is_dropped_there() -> None:
    first = make_column(("Le texte", 10), ("* Une note qui n’est pas", 8))
    second = make_column(("va plus loin.", 10), ("finie sur sa page.", 8))

    texts, still_open = read([first])

    assert (texts, still_open) == (["Le texte"], True)
    assert read([second], open_note=True) == (["va plus loin."], False)


def test_a_letter_in_small_type_is_text() -> None:
    column = make_column(("Il lut :", 10), ("Cher ami,", 8), ("Je pars.", 8))

    assert read([column])[0] == ["Il lut :", "Cher ami,", "Je pars."]


def test_small_type_above_text_is_text() -> None:
    column = make_column(("1 janvier", 8), ("Il partit.", 10))

    assert read([column])[0] == ["1 janvier", "Il partit."]
