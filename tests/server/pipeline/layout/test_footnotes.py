from __future__ import annotations

from itertools import chain

import pytest
from msgspec.structs import replace

from fnt_server.pipeline.layout.flat_calls import (
    ReadPage,
    parted_from_flat_calls,
    without_flat_calls,
)
from fnt_server.pipeline.layout.footnotes import split_notes, unanswered_calls
from fnt_server.pipeline.layout.geometry import Line


def make_column(*lines: tuple[str, float]) -> list[Line]:
    return [
        Line(text=text, x0=50, x1=50 + 4 * len(text), y=500 - 12 * k, size=size)
        for k, (text, size) in enumerate(lines)
    ]


def read(columns: list[list[Line]], *, open_note: bool = False) -> tuple[list[str], bool]:
    kept, notes, still_open = split_notes(columns, size=10, open_note=open_note)
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


def test_a_note_that_fills_its_last_line_may_go_on_overleaf() -> None:
    first = make_column(("Le texte", 10), ("1 Il y en a deux.", 8), ("Voyez la suite...", 8))
    second = make_column(("va plus loin.", 10), ("Elle est longue.", 8), ("2 Idem.", 8))

    assert read([first])[1]
    assert read([second], open_note=True) == (["va plus loin."], False)


def test_an_open_note_ends_with_the_first_page_that_has_none() -> None:
    assert read([make_column(("Le texte.", 10))], open_note=True) == (["Le texte."], False)


def test_notes_as_large_as_the_text_are_told_by_the_calls_on_their_page() -> None:
    text = make_column(("Il vit le roi.", 10), ("La reine dormait.", 10), ("Tout se tut.", 10))
    note = replace(text[0], text="4. Le roi de Bohême.", y=440)
    called = [replace(text[0], calls=("4",)), *text[1:]]

    assert read([[*called, note]])[0] == [line.text for line in text]
    assert len(read([[*text, note]])[0]) == 4


@pytest.mark.parametrize("mark", ["(1)", "*", "[2]"])
def test_notes_as_large_as_the_text_answer_calls_that_are_not_raised(mark: str) -> None:
    text = make_column((f"Il vit le roi {mark} un soir.", 10), ("La reine dormait.", 10))
    more = make_column(("Tout se tut.", 10))[0]
    note = replace(text[0], text=f"{mark} De Bohême.", y=430)
    end = replace(text[0], text="La nuit tomba.", y=410)
    plain = replace(text[0], text="Il vit le roi un soir.")

    assert read([[*text, note]])[0] == [line.text for line in text]
    assert len(read([[plain, text[1], note]])[0]) == 3
    assert len(read([[*text, replace(more, y=476), note, end]])[0]) == 5
    assert len(read([[*text, replace(more, y=450), replace(note, y=414)]])[0]) == 4


@pytest.mark.parametrize("mark", ["4", "(2)", "*", "§", "¶¶"])
def test_a_note_may_stand_overleaf_from_its_call(mark: str) -> None:
    text = make_column(("Il vit le roi.", 10), ("La reine dormait.", 10), ("Tout se tut.", 10))
    note = replace(text[0], text=f"{mark} Le roi de Bohême.", y=440)
    called = unanswered_calls([[*text[:2], replace(text[2], calls=(mark,))]], [])

    _, notes, _ = split_notes([[*text, note]], size=10, open_note=False, called_before=called)
    assert notes == [note]
    assert unanswered_calls([[replace(text[0], calls=(mark,))]], notes) == set()


def test_a_section_is_neither_call_nor_note() -> None:
    text = make_column(("Selon le § 12, dit-il,", 10), ("le roi (§) vint §.", 10))
    notes = make_column(("§ De Bohême.", 8))
    section = make_column(("Le texte.", 10), ("§ 12 Les rois.", 8))

    kept, calls = without_flat_calls(text, notes)

    assert [line.text for line in kept] == ["Selon le § 12, dit-il,", "le roi vint."]
    assert calls == ["(§)", "§"]
    assert read([section])[0] == [line.text for line in section]


def test_calls_that_are_not_raised_are_dropped_where_a_note_answers_them() -> None:
    text = make_column(("Le roi (1), dit-on, et", 10), ("la reine * vinrent (2).", 10))
    notes = make_column(("(1) De Bohême.", 8), ("* D’Arles.", 8))

    kept, calls = without_flat_calls(text, notes)

    assert [line.text for line in kept] == ["Le roi, dit-on, et", "la reine vinrent (2)."]
    assert calls == ["(1)", "*"]


def read_page(number: int, text: str, *notes: str) -> ReadPage:
    lines = make_column((text, 10), *((note, 8) for note in notes))
    return ReadPage(number=number, columns=[lines[:1]], notes=lines[1:])


def shown(*pages: ReadPage) -> list[str]:
    return [page.columns[0][0].text for page, _ in parted_from_flat_calls(pages)]


def test_a_note_overleaf_answers_a_call_that_is_not_raised() -> None:
    pages = [read_page(1, "Le roi (1) vint."), read_page(2, "La reine vint.", "(1) De Bohême.")]

    assert shown(*pages) == ["Le roi vint.", "La reine vint."]


def test_where_notes_stand_overleaf_the_next_page_may_have_the_same_call() -> None:
    pages = [
        read_page(1, "Le roi (1) vint (2)."),
        read_page(2, "La reine (1) vint.", "(1) De Bohême.", "(2) À pied."),
        read_page(3, "Tout se tut.", "(1) D’Arles."),
    ]

    assert shown(*pages) == ["Le roi vint.", "La reine vint.", "Tout se tut."]


def test_a_number_in_brackets_is_no_call_where_the_next_page_answers_its_own() -> None:
    pages = [
        read_page(1, "Il y a le roi (1) et la reine (2)."),
        read_page(2, "Le prince (1) vint.", "(1) De Bohême."),
    ]

    assert shown(*pages) == ["Il y a le roi (1) et la reine (2).", "Le prince vint."]
