"""Processing settings: read as sent or refused by name, never a silent default."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fnt.wire.jobs import ProcessingSettings
from fnt.wire.ranges import Ranges
from fnt.wire.structs import WireError

KNOWN = list(ProcessingSettings.__struct_fields__)
LATER = {"stretch_words": 0, "keep_front_matter": False}
"""Settings added later: their default is never written."""
VALUES = st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.lists(st.none())


def test_settings_missing_are_the_defaults_of_the_contract() -> None:
    assert ProcessingSettings.from_wire({}).to_wire() == {
        "sentence_length_limit": 8,
        "min_sentence_length": 2,
        "engine": "rules",
        "ignore_dialogue": False,
        "preserve_formatting": True,
        "fix_hyphenation": True,
    }


def test_settings_written_are_the_settings_read() -> None:
    wire = {
        "sentence_length_limit": 12,
        "min_sentence_length": 3,
        "engine": "openai",
        "ignore_dialogue": True,
        "preserve_formatting": False,
        "fix_hyphenation": False,
    }

    assert ProcessingSettings.from_wire(wire).to_wire() == wire


@pytest.mark.parametrize(
    ("name", "low", "high"), [("sentence_length_limit", 3, 50), ("min_sentence_length", 1, 10)]
)
def test_settings_numbers_are_bounded(name: str, low: int, high: int) -> None:
    for value in (low, high):
        assert ProcessingSettings.from_wire({name: value}).to_wire()[name] == value
    for value in (low - 1, high + 1, -(10**30), 10**30):
        with pytest.raises(
            WireError, match=rf"^processing_settings.{name} must be {low} to {high}$"
        ):
            ProcessingSettings.from_wire({name: value})


@pytest.mark.parametrize(
    ("payload", "message"),
    [
        (None, "processing_settings must be an object"),
        ([], "processing_settings must be an object"),
        ("rules", "processing_settings must be an object"),
        ({"sentence_length": 8}, "processing_settings.sentence_length is not a known setting"),
        ({"x" * 300: 8}, f"processing_settings.{'x' * 40} is not a known setting"),
        ({1: 8}, "processing_settings.1 is not a known setting"),
        (
            {"sentence_length_limit": "8"},
            "processing_settings.sentence_length_limit must be an integer",
        ),
        (
            {"sentence_length_limit": 8.0},
            "processing_settings.sentence_length_limit must be an integer",
        ),
        (
            {"min_sentence_length": True},
            "processing_settings.min_sentence_length must be an integer",
        ),
        ({"ignore_dialogue": 1}, "processing_settings.ignore_dialogue must be true or false"),
        ({"fix_hyphenation": None}, "processing_settings.fix_hyphenation must be true or false"),
        ({"engine": None}, "processing_settings.engine must be a string"),
        ({"engine": ""}, "processing_settings.engine must be a name of 1 to 40 characters"),
        ({"engine": "x" * 41}, "processing_settings.engine must be a name of 1 to 40 characters"),
    ],
)
def test_settings_wrong_are_refused_by_name(payload: object, message: str) -> None:
    with pytest.raises(WireError) as caught:
        ProcessingSettings.from_wire(payload)

    assert str(caught.value) == message


@settings(deadline=None)
@given(payload=st.dictionaries(st.sampled_from(KNOWN) | st.text(), VALUES, max_size=4) | VALUES)
def test_any_settings_are_kept_exactly_or_refused(payload: object) -> None:
    try:
        read = ProcessingSettings.from_wire(payload)
    except WireError:
        return

    assert isinstance(payload, dict)
    set_ones = {name: value for name, value in payload.items() if LATER.get(name) != value}
    assert read.to_wire() == {**ProcessingSettings().to_wire(), **set_ones}


def test_a_setting_added_later_is_written_only_where_it_is_set() -> None:
    """So requests, stored rows and ledger keys without it stay byte for byte what they were."""
    plain = ProcessingSettings()

    assert "stretch_words" not in plain.to_wire()
    assert ProcessingSettings.from_wire({"stretch_words": 0}) == plain
    assert ProcessingSettings(stretch_words=0).to_wire() == plain.to_wire()
    assert plain.replaced(stretch_words=0).to_wire() == plain.to_wire()
    assert (plain.stretch, plain.replaced(stretch_words=2).stretch) == (0, 2)
    assert ProcessingSettings.from_wire({"stretch_words": 2}).to_wire()["stretch_words"] == 2
    with pytest.raises(WireError, match="stretch_words"):
        ProcessingSettings.from_wire({"stretch_words": 5})


def test_front_matter_is_kept_only_where_that_is_said() -> None:
    plain, kept = ProcessingSettings(), ProcessingSettings(keep_front_matter=True)

    assert ProcessingSettings(keep_front_matter=False).to_wire() == plain.to_wire()
    assert ProcessingSettings.from_wire({"keep_front_matter": False}) == plain
    assert kept.to_wire() == {**plain.to_wire(), "keep_front_matter": True}
    assert (plain.keeps_front_matter, kept.keeps_front_matter) == (False, True)
    with pytest.raises(WireError, match="keep_front_matter must be true or false"):
        ProcessingSettings.from_wire({"keep_front_matter": 1})


def test_ranges_of_pages_and_chapters() -> None:
    settings = ProcessingSettings.from_wire({"pages": "3-", "chapters": "1,4"})

    assert settings.page_ranges == Ranges(((3, None),))
    assert settings.chapter_ranges == Ranges(((1, 1), (4, 4)))
    assert settings.to_wire()["chapters"] == "1,4"
    assert not {"pages", "chapters"} & set(ProcessingSettings().to_wire())


@pytest.mark.parametrize("name", ["pages", "chapters"])
@pytest.mark.parametrize("value", ["", "x", "7-3", "1" * 201, 3, None, ["1"]])
def test_what_is_no_range_is_refused(name: str, value: object) -> None:
    with pytest.raises(WireError, match=f"processing_settings.{name}"):
        ProcessingSettings.from_wire({name: value})
