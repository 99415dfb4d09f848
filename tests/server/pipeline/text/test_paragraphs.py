from __future__ import annotations

from collections.abc import Sequence

import pytest

from fnt_server.pipeline.document import Paragraph
from fnt_server.pipeline.layout.geometry import HYPHEN, Line, Page
from fnt_server.pipeline.text.paragraphs import find_paragraphs

LEFT, RIGHT, INDENT, SIZE, LEADING = 50.0, 250.0, 15.0, 10.0, 13.0

Row = tuple[float, float, str]
"""Start from the margin, share of the measure that is filled, text."""


def full(text: str, *, indent: float = 0) -> Row:
    return indent, 1.0, text


def short(text: str, *, indent: float = 0) -> Row:
    return indent, 0.5, text


def make_page(number: int, rows: Sequence[Row | float | Line]) -> Page:
    """Set rows downwards; a number is extra space in lines."""
    lines: list[Line] = []
    y = 500.0
    for row in rows:
        if isinstance(row, Line):
            lines.append(row)
        elif isinstance(row, float):
            y -= row * LEADING
        else:
            indent, filled, text = row
            x1 = LEFT + filled * (RIGHT - LEFT)
            lines.append(Line(text=text, x0=LEFT + indent, x1=x1, y=y, size=SIZE))
            y -= LEADING
    return Page(number=number, height=600, lines=tuple(lines))


def find(*pages: Sequence[Row | float | Line], fix_hyphenation: bool = True) -> list[Paragraph]:
    set_pages = [make_page(number, rows) for number, rows in enumerate(pages, start=1)]
    return find_paragraphs(set_pages, size=SIZE, fix_hyphenation=fix_hyphenation)[0]


def texts(found: Sequence[Paragraph]) -> list[str]:
    return [paragraph.text for paragraph in found]


def test_indents_part_paragraphs_and_pages_do_not() -> None:
    found = find(
        [full("Le premier commence", indent=INDENT), full("et continue sur la page")],
        [
            full("suivante avant de"),
            short("finir."),
            full("Le second", indent=INDENT),
            short("va."),
        ],
    )

    assert texts(found) == [
        "Le premier commence et continue sur la page suivante avant de finir.",
        "Le second va.",
    ]
    assert [paragraph.page for paragraph in found] == [1, 2]


def test_replies_are_paragraphs_even_on_a_page_of_nothing_else() -> None:
    narrative = [full("Il parla", indent=INDENT), full("longtemps sans"), short("finir.")] * 3
    replies = [short(f"— Réplique {k}.", indent=INDENT) for k in range(8)]

    found = find(narrative, replies, narrative)

    assert [text for text in texts(found) if text.startswith("—")] == [
        f"— Réplique {k}." for k in range(8)
    ]


def test_space_parts_paragraphs_where_nothing_is_indented() -> None:
    found = find([full("Un paragraphe"), short("court."), 1.0, full("Un autre"), short("suit.")])

    assert texts(found) == ["Un paragraphe court.", "Un autre suit."]


def test_a_dash_parts_replies_set_flush_and_tight() -> None:
    found = find([full("Il demanda d’une voix :"), full("— Où vas-tu donc ?"), full("— Là-bas.")])

    assert texts(found) == ["Il demanda d’une voix\xa0:", "— Où vas-tu donc\u202f?", "— Là-bas."]


def test_a_dash_within_an_indented_book_goes_on() -> None:
    rows = [
        full("Elle le retourna", indent=INDENT),
        full("dans tous les sens !"),
        short("— et rit."),
    ]

    assert texts(find(rows * 3))[0] == "Elle le retourna dans tous les sens\u202f! — et rit."


def test_hyphens_are_repaired_over_a_page_end() -> None:
    pages = [full("Il aimait la cam" + HYPHEN)], [short("pagne.")]

    assert texts(find(*pages)) == ["Il aimait la campagne."]
    assert texts(find(*pages, fix_hyphenation=False)) == ["Il aimait la cam-pagne."]


def test_a_drop_cap_goes_back_to_its_word() -> None:
    cap = Line(text="N", x0=LEFT, x1=68, y=500 - LEADING, size=26)
    beside = [
        (20.0, 1.0, "ous étions à"),
        (20.0, 1.0, "l’étude quand"),
        full("il entra"),
        short("là."),
    ]

    found = find([cap, *beside, full("Un autre", indent=INDENT), short("suit.")])

    assert texts(found) == ["Nous étions à l’étude quand il entra là.", "Un autre suit."]


def test_headings_are_marked_and_name_the_chapter() -> None:
    part = Line(text="PREMIÈRE PARTIE", x0=100, x1=200, y=560, size=16)
    chapter = Line(text="I", x0=145, x1=155, y=530, size=13)
    body = [full("Le texte", indent=INDENT), short("va.")]
    second = Line(text="II", x0=145, x1=155, y=530, size=13)

    found = find([part, chapter, *body], [second, *body])

    assert [(p.text, p.kind, p.chapter) for p in found] == [
        ("PREMIÈRE PARTIE", "heading", "PREMIÈRE PARTIE"),
        ("I", "heading", "PREMIÈRE PARTIE, I"),
        ("Le texte va.", "body", "PREMIÈRE PARTIE, I"),
        ("II", "heading", "PREMIÈRE PARTIE, II"),
        ("Le texte va.", "body", "PREMIÈRE PARTIE, II"),
    ]


def test_a_numeral_standing_apart_is_a_heading_at_body_size() -> None:
    body = [full("Le texte", indent=INDENT), full("du livre"), short("va.")]

    found = find([*body, 2.0, short("XIV", indent=90), 2.0, *body])

    assert [p.text for p in found if p.kind == "heading"] == ["XIV"]


def test_ornaments_are_left_out() -> None:
    body = [full("Le texte", indent=INDENT), short("va.")]

    assert texts(find([*body, 2.0, short("* * *", indent=90), 2.0, *body])) == ["Le texte va."] * 2


def test_the_page_of_a_place_is_the_one_its_line_stands_on() -> None:
    [paragraph] = find(
        [full("Un début. Et il", indent=INDENT), full("continue encore. La cam" + HYPHEN)],
        [full("pagne dort. Puis la"), full("nuit tombe. Tout se")],
        [short("tait.")],
    )

    places = {word: paragraph.text.index(word) for word in ("Un", "Et", "La", "Puis", "tait")}
    assert {word: paragraph.page_at(place) for word, place in places.items()} == {
        "Un": 1, "Et": 1, "La": 1, "Puis": 2, "tait": 3,
    }  # fmt: skip


def test_indents_may_hang() -> None:
    rows = [
        full("Le premier commence"),
        full("et continue sur la", indent=INDENT),
        short("page.", indent=INDENT),
        full("— Un autre, dit-il, ne"),
        full("finit pas encore.", indent=INDENT),
    ]

    assert texts(find(rows * 10))[:2] == [
        "Le premier commence et continue sur la page.",
        "— Un autre, dit-il, ne finit pas encore.",
    ]


def test_letterspaced_and_centered_titles_are_headings() -> None:
    text = [full("Il parla", indent=INDENT), full("longtemps sans"), short("finir.")]
    centered = [(70.0, 0.65, "Le retour des moissonneurs"), (70.0, 0.65, "C H A P I T R E I V")]

    found = find([*text, 2.0, centered[0], 2.0, *text, 2.0, centered[1], 2.0, *text])

    assert [paragraph.text for paragraph in found if paragraph.kind == "heading"] == [
        "Le retour des moissonneurs",
        "CHAPITRE IV",
    ]


def test_a_title_over_several_lines_is_one_heading() -> None:
    text = [full("Il parla", indent=INDENT), full("longtemps sans"), short("finir.")]
    title = [
        Line(text=words, x0=80, x1=220, y=500 - 18 * k, size=14)
        for k, words in enumerate(["Où l’on verra", "Le Notaire refuser", "de boire un verre"])
    ]

    found = find([*title, 6.0, *text])

    assert texts(found)[0] == "Où l’on verra Le Notaire refuser de boire un verre"
    assert found[0].kind == "heading"


def test_a_heading_without_space_is_not_glued_to_the_text_around_it() -> None:
    found = find(
        [full("Il entra"), full("au cabaret."), short("Chapitre dixième"), full("Il but.")]
    )

    assert texts(found) == ["Il entra au cabaret.", "Chapitre dixième", "Il but."]
    assert found[1].kind == "heading"


def test_a_sentence_goes_on_over_an_indent_or_a_gap() -> None:
    found = find(
        [
            full("Il relut la devise"),
            1.0,
            full("gravée au-dessus", indent=INDENT),
            short("de la porte."),
        ]
    )

    assert texts(found) == ["Il relut la devise gravée au-dessus de la porte."]


def test_short_lines_that_begin_small_stay_verse() -> None:
    prose = [full("Il parla", indent=INDENT), full("longtemps sans"), short("finir.")]
    verse = [short("Le vent du soir", indent=INDENT), short("passe et revient", indent=2 * INDENT)]

    found = find([*prose, *prose, 1.0, *verse])

    assert texts(found)[-2:] == ["Le vent du soir", "passe et revient"]


@pytest.mark.parametrize("right", [False, True])
def test_a_heading_at_one_side_is_one_whatever_its_lines(right: bool) -> None:
    title = ["Comment le bon curé apprit", "la nouvelle de ce soir"]
    narrative = [full("Il parla", indent=INDENT), full("longtemps sans"), short("finir.")] * 3
    rows = [
        Line(
            text=text,
            x0=LEFT + (60 if right else 0),
            x1=RIGHT if right else LEFT + 140,
            y=370 - LEADING * k,
            size=SIZE,
        )
        for k, text in enumerate(title)
    ]

    found = find([*narrative, *rows, 4.0, *narrative])

    assert [p.text for p in found if p.kind == "heading"] == [" ".join(title)]


def test_a_sentence_goes_on_beside_a_picture() -> None:
    beside = [
        Line(text=text, x0=LEFT + 100, x1=RIGHT, y=500 - LEADING * k, size=SIZE)
        for k, text in enumerate(
            ["On commença la lecture des", "leçons, et chacun se tut", "pour mieux"]
        )
    ]

    assert texts(find([*beside, 3.0, full("entendre le maître qui"), short("lisait.")])) == [
        "On commença la lecture des leçons, et chacun se tut pour mieux entendre le maître qui"
        " lisait."
    ]


@pytest.mark.parametrize("sign", ["* * *", "***", "❦", "⁂", "— — —", "-----"])
def test_signs_between_passages_part_them_and_are_no_text(sign: str) -> None:
    rows = [
        full("Le vent tomba enfin sur la"),
        full("mer."),
        full(sign, indent=90),
        full("Il partit."),
    ]

    assert texts(find(rows)) == ["Le vent tomba enfin sur la mer.", "Il partit."]


@pytest.mark.parametrize("date", ["Paris, le 17 mai 1837.", "Rouen, 3 juin 1841", "Marie D."])
@pytest.mark.parametrize(
    "below", ["Mon cher ami, il faut que je vous", "— Quelle bêtise, que tout cela"]
)
def test_what_stands_at_the_right_margin_ends_a_paragraph(date: str, below: str) -> None:
    right = (120.0, 1.0, date)

    found = find([short("Il se tut."), 0.4, right, 0.3, full(below), short("dise tout.")])

    assert texts(found)[1:] == [date, f"{below} dise tout."]


@pytest.mark.parametrize(
    "below", ["Mais elle était pleine de convoitises,", "– C’est le fils de Boudet,"]
)
@pytest.mark.parametrize("greeting", ["Mon cher ami,", "Madame,", "Ma chère sœur,"])
def test_a_salutation_stands_apart(greeting: str, below: str) -> None:
    salutation = (0.0, 0.3, greeting)

    found = find(
        [
            full("Il prit la lettre que le facteur lui"),
            short("tendait."),
            0.3,
            salutation,
            0.3,
            full(below),
            short("dit-il."),
        ],
    )

    assert texts(found)[1:] == [greeting, f"{below} dit-il."]


@pytest.mark.parametrize("link", ["à", "de", "par"])
def test_a_line_that_ends_in_a_link_goes_on_overleaf_before_a_capital(link: str) -> None:
    found = find(
        [
            full("Elle ouvrit la fenêtre et"),
            short("dit alors."),
            0.5,
            full(f"« Le pêcheur du Pollet, que j’ai connu {link}", indent=20),
        ],
        [
            full("Dieppe, avant de venir chez", indent=20),
            short("vous. »", indent=20),
            0.5,
            full("Elle referma la fenêtre et"),
            short("sortit."),
        ],
    )

    assert len(found) == 3
