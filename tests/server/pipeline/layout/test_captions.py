from __future__ import annotations

import pytest

from fnt_server.pipeline.layout.captions import captions_after_sentences
from fnt_server.pipeline.layout.geometry import HYPHEN, Line

SIZE = 10.0
OPEN = f"Il avait laissé passer de près de deux an{HYPHEN}"
REST = "nées la date de son retour."
NEXT = "Le lendemain, il partit."


def text(words: str, y: float, x0: float = 50, x1: float = 250) -> Line:
    return Line(text=words, x0=x0, x1=x1, y=y, size=SIZE)


def caption(words: str, y: float, x0: float = 50, x1: float = 120) -> Line:
    return Line(text=words, x0=x0, x1=x1, y=y, size=8)


def read(*columns: list[Line]) -> list[list[str]]:
    moved = captions_after_sentences([list(column) for column in columns], size=SIZE)
    return [[line.text for line in column] for column in moved]


@pytest.mark.parametrize("words", ["Figure 1. — Le château.", "Fig. 2 : le port", "Planche IV."])
def test_a_caption_does_not_break_a_sentence(words: str) -> None:
    found = read([text(OPEN, 500), caption(words, 420), text(REST, 390), text(NEXT, 377)])

    assert found == [[OPEN, REST, words, NEXT]]


def test_a_caption_at_the_top_of_a_column_does_not_break_the_sentence_before() -> None:
    top = [caption("Figure 1. — Le château.", 500), text(REST, 470), text(NEXT, 457)]

    assert read([text(OPEN, 100)], top) == [[OPEN], [REST, "Figure 1. — Le château.", NEXT]]


@pytest.mark.parametrize(("left", "beside"), [(50, 130), (190, 50)])
def test_a_caption_beside_text_is_read_behind_its_sentence(left: float, beside: float) -> None:
    rows = [
        text("Un soir, il vint sur le quai avec sa", 500, beside, beside + 110),
        caption("Vue du château, prise de", 490, left, left + 60),
        text("lampe et regarda longtemps la mer", 487, beside, beside + 110),
        caption("la route.", 481, left, left + 60),
        text("qui montait.", 474),
        text(NEXT, 461),
    ]

    assert read(rows) == [
        [rows[0].text, rows[2].text, "qui montait.", "Vue du château, prise de", "la route.", NEXT]
    ]


def test_a_caption_beside_a_sentence_that_goes_on_overleaf_is_read_before_it() -> None:
    rows = [
        text(NEXT, 513),
        text("Un soir, il vint sur le quai avec sa", 500, 130, 240),
        caption("Vue du château.", 490),
        text("lampe et regarda longtemps la", 487, 130, 240),
    ]

    assert read(rows) == [[NEXT, "Vue du château.", rows[1].text, rows[3].text]]


def test_small_type_between_sentences_stays() -> None:
    rows = [text("Il lut :", 500), caption("Venez ce soir.", 480, 60, 240), text(NEXT, 460)]

    assert read(rows) == [["Il lut :", "Venez ce soir.", NEXT]]


def test_a_quotation_in_small_type_inside_a_sentence_stays() -> None:
    rows = [text("Il lut", 500), caption("Venez ce soir", 480, 60, 240), text("et partit.", 460)]

    assert read(rows) == [["Il lut", "Venez ce soir", "et partit."]]


def test_a_page_of_small_pieces_beside_text_has_no_captions() -> None:
    rows = [
        row
        for k in range(500)
        for row in (
            text("Un soir, il vint.", 9000 - 13 * k, 130, 240),
            caption(f"Note {k}", 8999 - 13 * k, 50, 90 if k % 2 else 60),
        )
    ]
    rows = [row if k % 4 != 1 else caption(row.text, row.y, 10, 40) for k, row in enumerate(rows)]

    assert read(rows) == [[line.text for line in rows]]
