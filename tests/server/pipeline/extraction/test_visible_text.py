from __future__ import annotations

from pathlib import Path

import pytest

from fnt_server.pipeline.extraction.pdf_reader import open_book
from pdfs import make_page_pdf

INVISIBLE = 3


def show(text: str, x: int, y: int, *, mode: int = 0) -> str:
    return f"BT /F 12 Tf {mode} Tr 1 0 0 1 {x} {y} Tm ({text}) Tj ET\n"


SEEN = show("Le vent tomba.", 100, 700)
HIDDEN = show("Note du metteur en page.", 100, 400)


def read(file: bytes, folder: Path) -> list[str]:
    path = folder / "book.pdf"
    path.write_bytes(file)
    with path.open("rb") as opened:
        pages = open_book(opened.fileno(), max_pages=9, max_text_chars=9999).pages
        return [line.text for page in pages for line in page.lines]


@pytest.mark.parametrize(
    ("page", "pages", "hidden"),
    [
        ("/MediaBox[0 0 600 800]/CropBox[50 450 600 800]", "", HIDDEN),
        ("", "/MediaBox[0 0 600 800]/CropBox[50 450 600 800]", HIDDEN),
        ("/MediaBox[0 0 600 800]/CropBox[600 800 50 450]", "", HIDDEN),
        ("/MediaBox[0 0 600 800]/CropBox[50 450 600 800]/Rotate 90", "", HIDDEN),
        ("/MediaBox[50 450 600 800]", "", HIDDEN),
        ("/MediaBox[0 0 300 800]", "", show("L’autre page.", 320, 700)),
        ("/MediaBox[0 -100 600 800]/CropBox[0 0 600 800]", "", show("Coupe.", 100, -50)),
    ],
)
def test_what_lies_outside_the_visible_box_is_not_text(
    page: str, pages: str, hidden: str, tmp_path: Path
) -> None:
    assert read(make_page_pdf(SEEN + hidden, page=page, pages=pages), tmp_path) == [
        "Le vent tomba."
    ]


def test_a_spread_in_a_form_is_cropped_like_one_on_the_page(tmp_path: Path) -> None:
    form = "/Type/XObject/Subtype/Form/BBox[0 0 1200 800]/Resources<</Font<</F 3 0 R>>>>"
    spread = show("À gauche.", 100, 700) + show("À droite.", 700, 700)

    file = make_page_pdf(
        "q 1 0 0 1 -600 0 cm /X Do Q",
        resources="/XObject<</X 6 0 R>>",
        extra=[(form, spread)],
    )

    assert read(file, tmp_path) == ["À droite."]


@pytest.mark.parametrize(
    "recognized",
    [
        show("Le vcnt tomba.", 101, 699, mode=INVISIBLE),
        show("Le", 100, 701, mode=INVISIBLE)
        + show("vcnt", 116, 701, mode=INVISIBLE)
        + show("tomba.", 143, 701, mode=INVISIBLE),
    ],
)
def test_recognized_text_over_visible_text_does_not_count(recognized: str, tmp_path: Path) -> None:
    assert read(make_page_pdf(recognized + SEEN), tmp_path) == ["Le vent tomba."]


def test_of_two_layers_of_recognized_text_the_first_counts(tmp_path: Path) -> None:
    first = show("Le vent tomba.", 100, 700, mode=INVISIBLE)
    second = show("Le vcnt tornba.", 100, 700, mode=INVISIBLE)

    assert read(make_page_pdf(first + second), tmp_path) == ["Le vent tomba."]


def test_recognized_text_of_a_scan_with_a_stamp_is_read(tmp_path: Path) -> None:
    stamp = show("Source : une bibliothèque", 100, 20)
    recognized = show("Le vent tomba.", 100, 700, mode=INVISIBLE)

    assert "Le vent tomba." in read(make_page_pdf(stamp + recognized), tmp_path)


@pytest.mark.parametrize(
    ("font", "matrix"),
    [
        ("12", "1 0 0 0 100"),
        ("12", "0 0 0 0 100"),
        ("12", ".00001 0 0 .00001 100"),
        ("0", "1 0 0 1 100"),
        ("1e38", "1e38 0 0 1e38 100"),
        ("12", "1 1e20 -1e20 1 100"),
        ("12", "1 0 0 1 1e37"),
    ],
)
def test_text_without_height_or_far_away_is_not_text(
    font: str, matrix: str, tmp_path: Path
) -> None:
    """Before, a page of lines without height divided by it: the whole book failed."""
    unseen = "".join(
        f"BT /F {font} Tf {matrix} {600 - 16 * row} Tm (Le soir tombe.) Tj ( Il pleut.) Tj ET\n"
        for row in range(12)
    )

    assert read(make_page_pdf(SEEN + unseen), tmp_path) == ["Le vent tomba."]
