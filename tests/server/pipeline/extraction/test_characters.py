from __future__ import annotations

import pytest

from fnt.wire.error_codes import JobErrorCode
from fnt_server.pipeline.errors import PdfRejected
from fnt_server.pipeline.extraction.characters import check_readable, clean_pages, clean_text
from fnt_server.pipeline.layout.geometry import Line, Page


def make_page(*texts: str) -> Page:
    lines = (Line(text=text, x0=0, x1=100, y=500 - k, size=10) for k, text in enumerate(texts))
    return Page(number=1, height=600, lines=tuple(lines))


@pytest.mark.parametrize(
    ("raw", "read"),
    [
        ("e\u0301te\u0301", "été"),
        ("ﬁn eﬀort aﬄux", "fin effort afflux"),
        ("zéro\u200blargeur\ufeff", "zérolargeur"),
        ("crescendo , puis", "crescendo, puis"),
        ("loche ...", "loche ..."),
        ("deux  espaces ", "deux espaces"),
        ("le soir.Quand il", "le soir. Quand il"),
        ("àThomas et parVictor", "à Thomas et par Victor"),
        ("D’aboRd, ChaRles", "D’aboRd, ChaRles"),
        ("MacCarthy, 18.., N.-D.", "MacCarthy, 18.., N.-D."),
        ("fin\u202f?", "fin\u202f?"),
        ("un soin médiocre,et les 3,5 lieues", "un soin médiocre, et les 3,5 lieues"),
        ("≪ Viens. ≫", "« Viens. »"),
        ("Oh !. . . Bon", "Oh !... Bon"),
        ("Il hésita\xa0.\u202f.\u2009. puis", "Il hésita... puis"),
        ("le pro\uf001l du \uf002euve", "le profil du fleuve"),
        ("des chan¬", "des chan\xad\x02"),
    ],
)
def test_clean_text(raw: str, read: str) -> None:
    assert clean_text(raw) == read


def test_clean_puts_accents_that_stand_alone_on_their_letters() -> None:
    page = make_page("l’´et´e, le gar¸con `a la forˆet, na¨ıf", "franc¸ais", "C¸ a va")

    assert [line.text for line in clean_pages([page])[0].lines] == [
        "l’été, le garçon à la forêt, naïf",
        "français",
        "Ça va",
    ]


def test_clean_reads_the_encoding_of_bitmap_fonts_of_tex() -> None:
    page = make_page("\x16 Par \x1cle ! le c÷ur sou\x1bre", "\x13 2 × 3 \x14")

    assert [line.text for line in clean_pages([page])[0].lines] == [
        "— Par file ! le cœur souffre",
        "« 2 Œ 3 »",
    ]
    assert clean_pages([make_page("2 × 3 = 6")])[0].lines[0].text == "2 × 3 = 6"


@pytest.mark.parametrize(
    "text", ["", "12 34", "\ue001\ue002\ue003\ue004", "kh gh qrxv " * 200], ids=range(4)
)
def test_check_readable_refuses_what_nobody_can_read(text: str) -> None:
    with pytest.raises(PdfRejected) as caught:
        check_readable([make_page(text)])

    assert caught.value.code is JobErrorCode.PDF_NO_TEXT
    assert "ocrmypdf" in caught.value.message


@pytest.mark.parametrize("text", ["Oui.", "Il est dans la cour et ne voit pas le jour. " * 100])
def test_check_readable_accepts_french(text: str) -> None:
    check_readable([make_page(text)])


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("le pro\ufffdl", "le profil"),
        ("une \ufffdn a\ufffdreuse", "une fin affreuse"),
        ("la \ufffdamme", "la \ufffdamme"),
        ("un \ufffdl", "un \ufffdl"),
        ("\ufffd" * 9, "\ufffd" * 9),
    ],
)
def test_a_lost_ligature_is_what_the_book_has_elsewhere(text: str, read: str) -> None:
    page = make_page("le profil, la fin affreuse, le fil et le fll", text)

    assert clean_pages([page])[0].lines[1].text == read
