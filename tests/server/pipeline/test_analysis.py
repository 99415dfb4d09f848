"""Analysis of books that the tests set themselves, in several layouts."""

from __future__ import annotations

from pathlib import Path

import pytest
from pypdf import PdfWriter, Transformation

from fnt.wire.jobs import ProcessingSettings
from fnt_server.cli.sample import story_text
from fnt_server.pipeline.analysis import analyze
from fnt_server.pipeline.document import Paragraph
from typeset import Layout, is_heading, typeset

TITLE = "Le Passeur"
LAYOUTS = {
    "paperback": Layout(),
    "ragged": Layout(justified=False),
    "large": Layout(width_mm=150, height_mm=220, font_size_pt=13, leading=1.6, indent_mm=8),
    "two columns": Layout(width_mm=200, height_mm=240, columns=2),
    "newspaper": Layout(width_mm=220, height_mm=240, columns=2, font_size_pt=9, indent_mm=3),
    "bare": Layout(running_heads=False, page_numbers=False, hyphenated=False),
}


def read(path: Path, **changes: bool) -> list[Paragraph]:
    settings = ProcessingSettings(**changes)
    with path.open("rb") as file:
        analysis = analyze(file.fileno(), settings, max_pages=5000, max_text_chars=10_000_000)
    return list(analysis.paragraphs)


@pytest.fixture(scope="module")
def story() -> list[str]:
    return [" ".join(block.split()) for block in story_text().split("\n\n") if block.strip()][1:]


@pytest.mark.parametrize("name", LAYOUTS)
def test_a_book_is_read_as_it_was_written(name: str, story: list[str], tmp_path: Path) -> None:
    path = tmp_path / "book.pdf"
    typeset("\n\n".join(story), path, title=TITLE, layout=LAYOUTS[name])

    found = read(path)

    assert [plain_spaces(p.text) for p in found] == story
    assert [p.text for p in found if p.kind == "heading"] == [p for p in story if is_heading(p)]
    assert {p.chapter for p in found} == {p for p in story if is_heading(p)}
    assert [p.page for p in found] == sorted(p.page for p in found)


@pytest.mark.parametrize("angle", [90, 180, 270])
def test_turned_pages_are_read_upright(angle: int, story: list[str], tmp_path: Path) -> None:
    upright, turned = tmp_path / "upright.pdf", tmp_path / "turned.pdf"
    typeset("\n\n".join(story), upright, title=TITLE)
    turn(upright, turned, angle)

    assert [p.text for p in read(turned)] == [p.text for p in read(upright)]


def turn(source: Path, target: Path, angle: int) -> None:
    """Turn what is drawn, and tell viewers to turn the page back."""
    writer = PdfWriter(clone_from=source)
    for page in writer.pages:
        width, height = float(page.mediabox.width), float(page.mediabox.height)
        shift = {90: (height, 0), 180: (width, height), 270: (0, width)}[angle]
        page.add_transformation(Transformation().rotate(angle).translate(*shift))
        if angle != 180:
            page.mediabox.upper_right = (height, width)
        page.rotate(angle)
    writer.write(target)


def test_fix_hyphenation_false_leaves_the_hyphens_of_line_ends(
    story: list[str], tmp_path: Path
) -> None:
    path = tmp_path / "book.pdf"
    typeset("\n\n".join(story), path, title=TITLE)

    left = sum(p.text.count("-") for p in read(path, fix_hyphenation=False))

    assert left > sum(p.text.count("-") for p in read(path)) + 20


def plain_spaces(text: str) -> str:
    return text.replace("\xa0", " ").replace("\u202f", " ")


def test_pages_that_lie_on_their_side_or_elsewhere_are_read_as_well(
    story: list[str], tmp_path: Path
) -> None:
    plain, odd = tmp_path / "plain.pdf", tmp_path / "odd.pdf"
    typeset("\n\n".join(story), plain, title=TITLE)
    writer = PdfWriter(clone_from=plain)
    for page in writer.pages[::2]:
        page.rotate(180)
    for page in writer.pages[1::2]:
        page.add_transformation(Transformation().translate(700, -400))
        for box in (page.mediabox, page.cropbox):
            box.lower_left = (box.left + 700, box.bottom - 400)
            box.upper_right = (box.right + 700, box.top - 400)
    writer.write(odd)

    assert [p.text for p in read(odd)] == [p.text for p in read(plain)]
