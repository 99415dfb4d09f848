from __future__ import annotations

from pathlib import Path

import pytest

from fnt_server.pipeline.extraction.note_calls import note_letters, with_raised_joined
from fnt_server.pipeline.extraction.pdf_reader import open_book
from fnt_server.pipeline.layout.columns import columns
from fnt_server.pipeline.layout.geometry import HYPHEN, Line
from pdfs import make_page_pdf

SMALL, NORMAL = "/F 7 Tf 4 Ts", "/F 12 Tf 0 Ts"


def make_line(text: str, x0: float, x1: float, y: float = 500, size: float = 10) -> Line:
    return Line(text=text, x0=x0, x1=x1, y=y, size=size)


def read(drawn: str, folder: Path, *, note: str = "") -> list[Line]:
    path = folder / "book.pdf"
    content = f"BT /F 12 Tf 1 0 0 1 100 700 Tm {drawn} ET"
    if note:
        content += (
            " BT /F 12 Tf 1 0 0 1 100 680 Tm (Il vint, et la mer montait.) Tj"
            f" 0 -20 Td (Le vent tomba.) Tj /F 8 Tf 0 -60 Td ({note}) Tj ET"
        )
    path.write_bytes(make_page_pdf(content))
    with path.open("rb") as opened:
        pages = open_book(opened.fileno(), max_pages=9, max_text_chars=9999).pages
        return [line for page in pages for part in columns(page.lines) for line in part]


@pytest.mark.parametrize(
    ("drawn", "text", "calls"),
    [
        (f"(le soir) Tj {SMALL} (12) Tj {NORMAL} ( vint) Tj", "le soir vint", ("12",)),
        (f"(almorzar) Tj {SMALL} (329) Tj {NORMAL} (, dit) Tj", "almorzar, dit", ("329",)),
        (
            f"(ici) Tj {SMALL} (1) Tj {NORMAL} ( et l\xe0) Tj {SMALL} (2) Tj",
            "ici et là",
            ("1", "2"),
        ),
        (f"(le soir) Tj {SMALL} ([7]) Tj {NORMAL} ( vint) Tj", "le soir vint", ("[7]",)),
        (f"(le soir) Tj {SMALL} ([10]) Tj {NORMAL} (, vint) Tj", "le soir, vint", ("[10]",)),
        (f"(le soir) Tj {SMALL} ([128]) Tj", "le soir", ("[128]",)),
        (f"(de 12 m) Tj {SMALL} (2) Tj {NORMAL} ( ou 3 km) Tj", "de 12 m² ou 3 km", ()),
        (f"(de 4 cm) Tj {SMALL} (3) Tj {NORMAL} (.) Tj", "de 4 cm³.", ()),
        (f"(au XIX) Tj {SMALL} (e) Tj {NORMAL} ( si\xe8cle) Tj", "au XIXe siècle", ()),
        (f"(et M) Tj {SMALL} (me) Tj {NORMAL} ( Durand) Tj", "et Mme Durand", ()),
    ],
)
def test_a_raised_figure_is_a_call_unless_it_is_an_exponent(
    drawn: str, text: str, calls: tuple[str, ...], tmp_path: Path
) -> None:
    [line] = read(drawn, tmp_path)

    assert (line.text, line.calls) == (text, calls)


@pytest.mark.parametrize(
    ("note", "text", "calls"),
    [
        ("a. Voyez plus haut.", "Arnoux vint", ("a",)),
        ("\\(a\\) Voyez plus haut.", "Arnoux vint", ("a",)),
        ("a Voyez plus haut.", "Arnoux vint", ("a",)),
        ("b. Voyez plus haut.", "Arnouxa vint", ()),
        ("Voyez plus haut.", "Arnouxa vint", ()),
    ],
)
def test_a_raised_letter_is_a_call_if_a_note_of_the_page_begins_with_it(
    note: str, text: str, calls: tuple[str, ...], tmp_path: Path
) -> None:
    line, *_ = read(f"(Arnoux) Tj {SMALL} (a) Tj {NORMAL} ( vint) Tj", tmp_path, note=note)

    assert (line.text, line.calls) == (text, calls)


@pytest.mark.parametrize(
    ("mark", "call", "text"),
    [
        ("aa", "aa", "Arnoux vint"),
        ("ab", "ab", "Arnoux vint"),
        ("cc", "\\(cc\\)", "Arnoux vint"),
        ("ab", "ac", "Arnouxac vint"),
    ],
)
def test_two_raised_letters_are_a_call_if_a_note_begins_with_both(
    mark: str, call: str, text: str, tmp_path: Path
) -> None:
    drawn = f"(Arnoux) Tj {SMALL} ({call}) Tj {NORMAL} ( vint) Tj"

    line, *_ = read(drawn, tmp_path, note=f"{mark}. Voyez plus haut.")

    assert line.text == text


@pytest.mark.parametrize("call", ["\\(a\\)", "[a]"])
@pytest.mark.parametrize(
    ("after", "text"), [(" vint", "Arnoux vint"), (", dit-il", "Arnoux, dit-il"), ("", "Arnoux")]
)
def test_a_raised_letter_in_brackets_is_a_call(
    call: str, after: str, text: str, tmp_path: Path
) -> None:
    drawn = f"(Arnoux) Tj {SMALL} ({call}) Tj {NORMAL} ({after}) Tj"

    line, *_ = read(drawn, tmp_path, note="\\(a\\) Voyez plus haut.")

    assert (line.text, line.calls) == (text, (call.replace("\\", ""),))


def test_a_letter_in_brackets_on_the_line_is_text(tmp_path: Path) -> None:
    line, *_ = read("(Arnoux \\(a\\) vint) Tj", tmp_path, note="\\(a\\) Voyez plus haut.")

    assert (line.text, line.calls) == ("Arnoux (a) vint", ())


def test_letters_of_notes_are_those_in_small_type() -> None:
    lines = [
        make_line("a Voyez", 50, 90),
        make_line("Il vint.", 50, 90),
        make_line("Elle aussi.", 50, 90),
    ]
    notes = [make_line("a. Voyez", 50, 90, size=8), make_line("b. De même", 50, 90, size=8)]

    assert note_letters(lines) == ()
    assert note_letters([*lines, *notes]) == ("a", "b")


@pytest.mark.parametrize("before", [True, False])
def test_a_call_behind_a_line_is_no_line_of_its_own(before: bool) -> None:
    above = make_line("le vieux messa" + HYPHEN, 50, 250)
    call = make_line("70", 250, 257, y=503.5, size=6)
    below = make_line("ger attendait.", 50, 120, y=487)
    lines = [call, above, below] if before else [above, call, below]

    joined = with_raised_joined(lines, marks="")

    assert [line.text for line in joined] == [above.text, below.text]
    assert joined[0].calls == ("70",)


@pytest.mark.parametrize(
    ("text", "raised", "joined"),
    [("D", "r", "Dr"), ("12 m", "2", "12 m²"), ("le XIX", "e", "le XIXe")],
)
def test_what_is_raised_behind_a_line_is_part_of_its_word(
    text: str, raised: str, joined: str
) -> None:
    lines = [make_line(text, 50, 57), make_line(raised, 57, 60, y=503.5, size=7)]

    assert [line.text for line in with_raised_joined(lines, marks="a")] == [joined]


def test_a_number_elsewhere_stays_a_line() -> None:
    page = [make_line("Le vent tomba.", 50, 250), make_line("70", 150, 160, y=30, size=6)]

    assert with_raised_joined(page, marks="") == tuple(page)


@pytest.mark.parametrize("mark", ["[7]", "[10]", "(3)", "[*]"])
@pytest.mark.parametrize(
    ("after", "text"), [(" galopin !", "mauvais galopin !"), (", oui", "mauvais, oui")]
)
def test_a_call_that_begins_a_piece_of_a_line_is_no_text(mark: str, after: str, text: str) -> None:
    lines = [make_line("mauvais", 50, 90), make_line(mark + after, 90.4, 150)]

    [[line]] = columns(with_raised_joined(lines, marks=""))

    assert (line.text, line.calls) == (text, (mark,))


def test_a_note_that_begins_with_a_mark_keeps_it() -> None:
    lines = [make_line("mauvais", 50, 90, y=500), make_line("[7] Sic.", 50, 90, y=480, size=8)]

    assert list(with_raised_joined(lines, marks="")) == lines
