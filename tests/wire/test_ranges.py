from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fnt.wire.ranges import Ranges


@pytest.mark.parametrize(
    ("text", "inside", "outside"),
    [
        ("3", [3], [2, 4, 30]),
        ("3-7", [3, 5, 7], [2, 8]),
        ("3-", [3, 10**6], [1, 2]),
        ("1,5-7, 9-", [1, 5, 7, 9, 100], [2, 4, 8]),
        ("007", [7], [6, 8]),
    ],
)
def test_ranges(text: str, inside: list[int], outside: list[int]) -> None:
    ranges = Ranges.parse(text)

    assert all(number in ranges for number in inside)
    assert not any(number in ranges for number in outside)


@pytest.mark.parametrize(
    "text", ["", ",", "0", "0-3", "7-3", "-3", "3--7", "3-7-9", "a", "3,", "1.5", "²", "1" * 7]
)
def test_what_is_no_range(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        Ranges.parse(text)


def test_a_text_too_long_is_refused() -> None:
    with pytest.raises(ValueError, match="more than 200 characters"):
        Ranges.parse("1," * 200 + "1")


@given(
    st.lists(st.tuples(st.integers(1, 999), st.none() | st.integers(0, 99)), min_size=1, max_size=9)
)
def test_what_is_written_reads_the_same(spans: list[tuple[int, int | None]]) -> None:
    ranges = Ranges(tuple((first, None if more is None else first + more) for first, more in spans))

    assert Ranges.parse(str(ranges)) == ranges


def test_ranges_that_cover_numbers() -> None:
    assert str(Ranges.covering([9, 3, 4, 5, 12, 4])) == "3-5,9,12"
    assert str(Ranges.covering([])) == ""
