from __future__ import annotations

from collections.abc import Sequence

import pytest

from fnt_server.pipeline.document import Paragraph
from fnt_server.pipeline.layout.geometry import HYPHEN, Line, Page
from fnt_server.pipeline.text.paragraphs import find_paragraphs

SIZE, LEADING, LEFT, RIGHT = 10.0, 13.0, 50.0, 250.0

PROSE = [
    (0, 200, "Il regarda longtemps la mer, qui montait, et"),
    (0, 200, "ne dit rien à ceux qui l’attendaient sur le quai,"),
    (0, 200, "car il savait que le vieux passeur ne viendrait"),
    (0, 90, "pas ce soir-là."),
]
STANZA = [
    (0, 175, "La mer est là ce soir, plus douce que l’été,"),
    (15, 180, "Et les barques au port balancent leurs lanternes ;"),
    (0, 170, "Un chien aboie au loin, les volets sont fermés,"),
    (15, 190, "Les enfants ont soufflé la lampe des casernes."),
    (0, 100, "Marchons, dit l’un d’entre eux,"),
    (0, 105, "Et la route était longue,"),
    (0, 85, "Le ciel presque sans feux"),
    (0, 118, "Sur la lande et la jonque."),
]

Row = tuple[float, float, str]


def find(*pages: Sequence[Row | float]) -> list[Paragraph]:
    """Set rows (indent, width, text) downwards; a number is extra space in lines."""
    made = []
    for number, rows in enumerate(pages, start=1):
        y, lines = 500.0, []
        for row in rows:
            if isinstance(row, float):
                y -= row * LEADING
                continue
            indent, width, text = row
            x0 = LEFT + indent
            lines.append(Line(text=text, x0=x0, x1=x0 + width, y=y, size=SIZE))
            y -= LEADING
        made.append(Page(number=number, height=600, lines=tuple(lines)))
    return find_paragraphs(made, size=SIZE, fix_hyphenation=True)[0]


def texts(found: Sequence[Paragraph], kind: str) -> list[str]:
    return [paragraph.text.replace("\u202f", " ") for paragraph in found if paragraph.kind == kind]


@pytest.mark.parametrize("indent", [0.0, 30.0])
def test_each_line_of_verse_is_its_own(indent: float) -> None:
    stanza = [(at + indent, width, text) for at, width, text in STANZA]

    assert texts(find(stanza), "verse") == [text for *_, text in STANZA]


def test_verse_set_centered_is_verse() -> None:
    stanza = [((200 - width) / 2, width, text) for _, width, text in STANZA]

    assert texts(find(stanza), "verse") == [text for *_, text in STANZA]


def test_the_rest_of_a_line_too_long_for_the_measure_belongs_to_it() -> None:
    stanza = [
        *STANZA,
        *STANZA[:3],
        (15, 185, "Les enfants ont soufflé la lampe des ca" + HYPHEN),
        (0, 40, "sernes."),
    ]

    assert texts(find(stanza), "verse")[-1] == "Les enfants ont soufflé la lampe des casernes."


def test_verse_among_prose_is_verse_and_prose_is_not() -> None:
    song = [(at + 40, width - 70, text) for at, width, text in STANZA[4:]]

    found = find([*PROSE, 1.0, *song, 1.0, *PROSE])

    assert texts(found, "verse") == [text for *_, text in song]
    assert texts(found, "body") == [" ".join(text for *_, text in PROSE)] * 2


def test_ragged_prose_is_no_verse() -> None:
    ragged = [(0, 200 - 3 * (k % 3), text) for k, (_, _, text) in enumerate(PROSE[:3])]
    names = [
        (0, 198, "Charles regarda longtemps la mer qui montait avec"),
        (0, 199, "Emma sur le quai."),
    ]

    found = find([*ragged, PROSE[3], *names])

    assert texts(found, "verse") == []
    assert len(found) == 2


def test_text_beside_a_picture_is_no_verse() -> None:
    narrow = [
        (0, 100, "Il regarda la mer, qui"),
        (0, 100, "montait, et ne dit rien"),
        (0, 100, "à ceux qui attendaient"),
        (0, 100, "sur le quai, car il savait"),
    ]

    [paragraph] = find([*narrow, *PROSE[1:]])

    assert paragraph.kind == "body"


def test_a_signature_stands_apart() -> None:
    letter = [
        *PROSE,
        (15, 100, "Votre fils obéissant,"),
        (150, 50, "Charles."),
        (15, 180, "Il plia la lettre."),
    ]

    assert texts(find(letter), "body")[1:] == [
        "Votre fils obéissant,",
        "Charles.",
        "Il plia la lettre.",
    ]


@pytest.mark.parametrize("name", ["Rodolphe", "Vicomte de Trémont", "Votre ami, L. de Kerven"])
def test_a_signature_flush_left_stands_apart(name: str) -> None:
    letter = [*PROSE[:3], (0, 200, "pas ce soir-là. Voilà tout ce que j’ai pu savoir.")]

    found = find([*letter, (0, 80, name), 2.0, *letter, (0, 80, "Adieu donc, monsieur.")])

    body = " ".join(text for *_, text in letter)
    assert texts(found, "body") == [body, name, f"{body} Adieu donc, monsieur."]


LETTER = [*PROSE[:3], (0.0, 200.0, "pas ce soir-là. Voilà tout ce que j’ai pu savoir.")]
LETTER_TEXT = " ".join(text for *_, text in LETTER)


@pytest.mark.parametrize("name", ["Rodolphe", "L. de K.", "Paris, le 3 mai 1847"])
def test_a_signature_flush_left_at_the_end_of_a_page_stands_apart(name: str) -> None:
    found = find([*LETTER, (0, 80, name)], [(15, 180, "Il plia la lettre.")])

    assert texts(found, "body") == [LETTER_TEXT, name, "Il plia la lettre."]


def test_a_signature_flush_left_stands_apart_above_an_indented_line() -> None:
    found = find([*LETTER, (0, 80, "M. de T."), (15, 180, "Il plia la lettre.")])

    assert texts(found, "body") == [LETTER_TEXT, "M. de T.", "Il plia la lettre."]


def test_justified_prose_with_letters_is_no_verse() -> None:
    greeting = (15.0, 60.0, "Ma chère enfant,")
    page = [greeting, LETTER[0], (0.0, 60.0, "ne vint pas.")] * 5

    found = find(page, page)

    assert texts(found, "verse") == []
    assert f"{LETTER[0][2]} ne vint pas." in texts(found, "body")


def test_a_signature_with_a_period_stands_apart_where_there_is_white_around_it() -> None:
    found = find([*LETTER, 0.3, (0, 80, "Votre Rodolphe."), 0.6, *LETTER])

    assert texts(found, "body") == [LETTER_TEXT, "Votre Rodolphe.", LETTER_TEXT]


def test_dots_alone_with_white_around_them_are_no_signature() -> None:
    found = find([*LETTER, 0.3, (0, 80, "..."), 0.6, *LETTER])

    assert texts(found, "body") == [f"{LETTER_TEXT} ...", LETTER_TEXT]


def test_a_signature_at_the_top_of_a_page_stands_apart() -> None:
    found = find([*PROSE, *LETTER], [(0, 60, "Rodolphe"), 1.0, *LETTER])

    assert "Rodolphe" in [paragraph.text for paragraph in found]
    assert texts(found, "body").count(LETTER_TEXT) == 2


def test_a_signature_alone_on_a_page_is_no_margin() -> None:
    other = [(15.0, 185.0, PROSE[0][2]), *LETTER[1:]]

    found = find(LETTER, [(150, 50, "Rodolphe.")], other, other)

    assert texts(found, "body")[:2] == [LETTER_TEXT, "Rodolphe."]


def test_the_begin_of_a_sentence_at_the_end_of_a_page_is_no_signature() -> None:
    found = find([*LETTER, (0, 80, "Rodolphe")], [(0, 180, "plia la lettre et sortit.")])

    assert texts(found, "body") == [f"{LETTER_TEXT} Rodolphe plia la lettre et sortit."]


def test_who_speaks_stands_apart_from_what_is_said() -> None:
    play = [
        (80, 40, "SUZANNE"),
        (0, 70, "Rien, monsieur."),
        (75, 50, "LE COMTE"),
        *PROSE,
        (80, 40, "SUZANNE"),
        (0, 195, "Madame, je vous jure que monsieur le comte me parlait"),
        (0, 90, "du mariage de sa nièce."),
    ]

    assert texts(find(play), "body") == [
        "SUZANNE",
        "Rien, monsieur.",
        "LE COMTE",
        " ".join(text for *_, text in PROSE),
        "SUZANNE",
        "Madame, je vous jure que monsieur le comte me parlait du mariage de sa nièce.",
    ]


def test_the_title_of_a_poem_is_a_heading_and_its_last_line_is_not() -> None:
    title = (60.0, 80.0, "Chanson du port")

    found = find([title, 1.0, *STANZA, 1.0, STANZA[0]], [title, 1.0, *STANZA])

    assert texts(found, "heading") == ["Chanson du port"] * 2
    assert len(texts(found, "verse")) == 17


FREE = [
    (0, 70, "le jour se lève"),
    (0, 105, "sur la colline bleue"),
    (0, 40, "j’attends"),
    (0, 150, "que tu reviennes de si loin"),
    (0, 60, "toute la nuit"),
    (0, 128, "une fenêtre bat sans fin"),
    (0, 45, "rien n’est"),
    (0, 140, "contre le mur de chaux vive"),
]


def test_verse_that_begins_small_is_read_line_by_line() -> None:
    other = [(at, width, f"{text} encore") for at, width, text in FREE]

    found = find([*FREE, 1.0, *FREE], other)

    assert texts(found, "verse") == [text for *_, text in [*FREE, *FREE, *other]]


def test_verse_that_begins_small_within_sentences_is_read_line_by_line() -> None:
    stanza = [(0, 100, "Une barque attend,"), *FREE[1:7], (0, 90, "et la mer monte.")] * 2

    assert texts(find(stanza), "verse") == [text for *_, text in stanza]


def test_what_is_indented_below_a_full_line_of_free_verse_is_its_rest() -> None:
    long = [(0, 190, "personne n’a parlé de toi depuis le dernier"), (30, 60, "été des moissons")]

    found = find([*FREE, *long, *FREE])

    assert texts(found, "verse")[len(FREE)] == " ".join(text for *_, text in long)


def test_a_narrow_paragraph_of_prose_is_no_verse() -> None:
    narrow = [(20, 120 - 4 * (k % 2), f"{text[:28]} et") for k, (*_, text) in enumerate(PROSE)]

    assert texts(find([*PROSE, 1.0, *narrow, *narrow, 1.0, *PROSE]), "verse") == []


def test_the_rest_of_a_line_of_free_verse_may_be_flush_left() -> None:
    long = [
        [(0.0, 192.0, f"{start} qui s’en allaient sur la"), (0.0, 60.0, "route du soir")]
        for start in ("les vieux passeurs", "les barques grises", "les filles brunes", "les sœurs")
    ]
    poem = [row for pair in long for row in (*FREE, *pair)]

    found = texts(find(poem), "verse")

    assert [text for text in found if text.endswith("route du soir")] == [
        f"{above[2]} {rest[2]}" for above, rest in long
    ]
    assert len(found) == 4 * (len(FREE) + 1)


def test_a_long_line_that_the_poet_ends_is_not_joined_with_a_short_one() -> None:
    long = [(0.0, 192.0, "les vieux passeurs qui s’en allaient sur la route,"), FREE[2]]

    assert texts(find([*FREE, *long, *FREE]), "verse") == [
        text for *_, text in [*FREE, *long, *FREE]
    ]


SONG = [
    (30.0, 60.0, "Mon enfant, viens"),
    (30.0, 135.0, "Songer à la douceur des longs soirs"),
    (30.0, 60.0, "De la lande grise"),
    (30.0, 140.0, "Que baigne la lumière d’un vieux port"),
    (30.0, 60.0, "Sur la mer calme"),
    (30.0, 130.0, "Pareille aux pays qui te ressemblent."),
]
FULL_PROSE = [
    (0, 200, "Il regarda longtemps la mer, qui montait, et"),
    (0, 200, "ne dit rien à ceux qui l’atten" + HYPHEN),
    (0, 200, "daient sur le quai, car il savait que le vieux"),
    (0, 200, "passeur avec sa barque ne viendrait jamais plus"),
    (0, 90, "ce soir-là."),
]


@pytest.mark.parametrize("place", [0, 1, 2])
def test_a_song_does_not_make_verse_of_the_prose_around_it(place: int) -> None:
    parts: list[list[Row | float]] = [[*FULL_PROSE], [*FULL_PROSE]]
    parts.insert(place, [1.0, *SONG, 1.0, *SONG, 1.0])

    found = find([row for part in parts for row in part])

    prose = [each.text for each in found if each.kind == "body" and each.text.startswith("Il ")]
    assert len(prose) == 2
    assert all(text.endswith("ce soir-là.") for text in prose)


@pytest.mark.parametrize(
    "names", [("Cléante", "Harpagon"), ("La Flèche", "Maître Jacques"), ("Le Roi", "Léa, bas")]
)
def test_who_speaks_begins_a_paragraph_below_a_full_line(names: tuple[str, str]) -> None:
    first, second = names
    speeches = [
        (f"{first}. — Je vous l’ai laissé deux ans, ma cousine.", ""),
        (f"{second}. — Est-ce que vous en auriez l’idée, madame.", ""),
        (f"{first}. — Non, un pareil legs est sacré, et l’on n’a", "jamais le droit."),
        (f"{second}. — (Mettez-la, c’est drôle, mais c’est ainsi.)", ""),
    ] * 2
    rows: list[Row | float] = []
    for begin, rest in speeches:
        rows += [(0, 200, begin), *([(0, 200, rest)] if rest else [])]

    assert [each.text for each in find(rows)] == [" ".join(s).strip() for s in speeches]
