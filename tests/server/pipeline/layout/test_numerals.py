from __future__ import annotations

import pytest

from fnt_server.pipeline.layout.numerals import parse_numeral


@pytest.mark.parametrize(
    ("text", "counted"),
    [
        ("12", 12),
        ("iv", 4),
        ("iiii", 4),
        ("XLIX", 49),
        ("mcmxciv", 1994),
        ("c", 100),
        ("", None),
        ("Il", None),
        ("12a", None),
        ("²", None),
    ],
)
def test_number(text: str, counted: int | None) -> None:
    assert parse_numeral(text) == counted
