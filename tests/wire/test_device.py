"""User codes, as they are shown and as they are typed."""

from __future__ import annotations

import pytest

from fnt.wire.device import ALPHABET, read_code, shown_code


def test_the_alphabet_has_no_vowels_and_nothing_twice() -> None:
    assert len(set(ALPHABET)) == len(ALPHABET) == 20
    assert not set("AEIOUY01") & set(ALPHABET)


@pytest.mark.parametrize(
    "typed",
    ["BCDF-GHJK", "bcdfghjk", " bcdf ghjk\r\n", "b-c-d-f-g-h-j-k", "BCDF–GHJK", "BCDF_GHJK",
     "ＢＣＤＦ－ＧＨＪＫ"],
)  # fmt: skip
def test_a_code_is_read_however_it_is_typed(typed: str) -> None:
    assert read_code(typed) == "BCDFGHJK"


@pytest.mark.parametrize(
    "typed", ["", "BCDF-GHJ", "BCDF-GHJK-L", "BCDF-GHJA", "BCDF-GHJ1", "BCDFGHJK" * 50, "\0" * 8]
)
def test_what_cannot_be_a_code_is_none(typed: str) -> None:
    assert read_code(typed) is None


def test_a_code_is_shown_in_two_halves() -> None:
    assert shown_code("BCDFGHJK") == "BCDF-GHJK"
