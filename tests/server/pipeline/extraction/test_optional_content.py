from __future__ import annotations

from pathlib import Path

import pytest

from fnt_server.pipeline.extraction.optional_content import HiddenLayers
from fnt_server.pipeline.extraction.pdf_reader import open_book
from pdfs import make_page_pdf

SEEN = "BT /F 12 Tf 1 0 0 1 100 700 Tm (Le vent tomba.) Tj ET\n"
OFF = "BT /F 12 Tf 1 0 0 1 100 400 Tm (The wind fell.) Tj ET\n"

GROUPS = [("/Type/OCG/Name(anglais)", None), ("/Type/OCG/Name(autre)", None)]
"""Objects 6 and 7."""
FIRST_OFF = "/OCProperties<</OCGs[6 0 R 7 0 R]/D<</OFF[6 0 R]>>>>"
ALL_OFF_BUT_SECOND = "/OCProperties<</OCGs[6 0 R 7 0 R]/D<</BaseState/OFF/ON[7 0 R]>>>>"
FORM = "/Type/XObject/Subtype/Form/BBox[0 0 600 800]/Resources<</Font<</F 3 0 R>>>>"


def read(file: bytes, folder: Path) -> list[str]:
    path = folder / "book.pdf"
    path.write_bytes(file)
    with path.open("rb") as opened:
        pages = open_book(opened.fileno(), max_pages=9, max_text_chars=9999).pages
        return [line.text for page in pages for line in page.lines]


@pytest.mark.parametrize("catalog", [FIRST_OFF, ALL_OFF_BUT_SECOND])
def test_a_layer_that_is_off_is_not_read_and_one_that_is_on_is(
    catalog: str, tmp_path: Path
) -> None:
    content = f"{SEEN}/OC /L1 BDC /Span BMC {OFF}EMC {OFF}EMC /OC /L2 BDC {SEEN}EMC"
    file = make_page_pdf(
        content,
        resources="/Properties<</L1 6 0 R/L2 7 0 R>>",
        catalog=catalog,
        extra=GROUPS,
    )

    assert set(read(file, tmp_path)) == {"Le vent tomba."}


@pytest.mark.parametrize(
    ("policy", "shown"),
    [
        ("", True),
        ("/P/AnyOn", True),
        ("/P/AllOn", False),
        ("/P/AnyOff", True),
        ("/P/AllOff", False),
    ],
)
def test_a_membership_is_shown_by_its_policy(policy: str, shown: bool, tmp_path: Path) -> None:
    membership = (f"/Type/OCMD/OCGs[6 0 R 7 0 R]{policy}", None)
    file = make_page_pdf(
        f"{SEEN}/OC /L1 BDC {OFF}EMC",
        resources="/Properties<</L1 8 0 R>>",
        catalog=FIRST_OFF,
        extra=[*GROUPS, membership],
    )

    assert ("The wind fell." in read(file, tmp_path)) is shown


def test_a_form_that_is_off_is_not_read(tmp_path: Path) -> None:
    file = make_page_pdf(
        SEEN + "/X Do",
        resources="/XObject<</X 8 0 R>>",
        catalog=FIRST_OFF,
        extra=[*GROUPS, (FORM + "/OC 6 0 R", OFF)],
    )

    assert read(file, tmp_path) == ["Le vent tomba."]


def test_a_layer_inside_a_form_is_not_read(tmp_path: Path) -> None:
    form = FORM.replace("/Font", "/Properties<</L1 6 0 R>>/Font")
    file = make_page_pdf(
        "/X Do",
        resources="/XObject<</X 8 0 R>>",
        catalog=FIRST_OFF,
        extra=[*GROUPS, (form, f"{SEEN}/OC /L1 BDC {OFF}EMC")],
    )

    assert read(file, tmp_path) == ["Le vent tomba."]


def test_the_pages_that_a_page_links_to_are_not_copied_with_it() -> None:
    file = make_page_pdf(
        f"{SEEN}/OC /L1 BDC {OFF}EMC",
        page="/MediaBox[0 0 600 800]/Annots[<</Subtype/Link/Rect[0 0 9 9]/Dest[8 0 R/Fit]>>]",
        resources="/Properties<</L1 6 0 R>>",
        catalog=FIRST_OFF,
        extra=[*GROUPS, ("/Type/Page/Title(linked)", None)],
    )

    copied = HiddenLayers(file).page_without(0)

    assert copied is not None
    assert b"linked" in file
    assert b"linked" not in copied


@pytest.mark.parametrize("file", [b"", b"%PDF-1.7 broken", make_page_pdf(SEEN)])
def test_a_file_without_readable_layers_hides_nothing(file: bytes) -> None:
    assert HiddenLayers(file).page_without(0) is None
