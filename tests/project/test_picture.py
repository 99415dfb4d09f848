"""The moving picture of the README: small, and readable where nothing moves."""

from __future__ import annotations

import re
from pathlib import Path
from xml.etree import ElementTree

import pytest
from rich.style import Style

from moving_picture import HOLD_S, LINE_PX, Frame, moving_svg, thinned

PICTURE = Path(__file__).parents[2] / "docs" / "live-view.svg"
GREEN = Style(color="green", bold=True)


def frame(at_s: float, *lines: str) -> Frame:
    return Frame(at_s=at_s, rows=[[(line, GREEN)] for line in lines])


def shift(picture: str) -> float:
    """Return how far the strip stands where it does not move."""
    found = re.search(r'class="strip" transform="translate\(0 (-?\d+)\)"', picture)
    assert found
    return float(found[1])


def test_frames_are_shown_one_after_the_other() -> None:
    picture = moving_svg([frame(0, "$ a"), frame(1, "$ a", "b & <c>")], columns=20, alt="a & b")

    ElementTree.fromstring(picture)
    assert f"animation:strip {1 + HOLD_S:.1f}s step-end infinite" in picture
    assert "0.00%{transform:translateY(0px)}" in picture.replace("-0px", "0px")
    assert f"{100 / (1 + HOLD_S):.2f}%{{transform:translateY({-2 * LINE_PX:.0f}px)}}" in picture
    assert picture.count("$ a") == 1  # drawn once, used twice


def test_where_nothing_moves_the_last_frame_stands() -> None:
    picture = moving_svg([frame(0, "a"), frame(1, "b"), frame(2, "c")], columns=20, alt="")

    assert shift(picture) == -2 * LINE_PX
    assert "@media (prefers-reduced-motion:reduce){.strip{animation:none}}" in picture


def test_colors_and_widths_are_those_of_the_terminal() -> None:
    picture = moving_svg([frame(0, "  ab")], columns=20, alt="")

    [text] = ElementTree.fromstring(picture).iter("{http://www.w3.org/2000/svg}text")
    assert (text.get("x"), text.get("textLength")) == ("16.8", "16.8")
    assert text.get("fill") not in (None, "#000000")
    assert text.get("font-weight") == "bold"


def test_few_frames_are_kept() -> None:
    frames = [frame(number / 10, str(number)) for number in range(10)]

    assert [one.at_s for one in thinned(frames)] == [0.0, 0.3, 0.6, 0.9]


@pytest.mark.parametrize("text", ["fnt upload", "✓", "sentences/"])
def test_the_picture_in_the_readme_is_one(text: str) -> None:
    picture = PICTURE.read_text(encoding="utf-8")

    assert text in picture
    assert shift(picture) < 0
    assert PICTURE.stat().st_size < 64 * 1024
    assert "http" not in picture.replace("http://www.w3.org/2000/svg", "")
