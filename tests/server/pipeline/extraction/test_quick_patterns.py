"""The patterns that let `re` skip most of a text find what their plain forms find."""

from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st

from fnt.wire.words import count_words
from fnt_server.pipeline.extraction import characters, line_reader, note_calls
from fnt_server.pipeline.extraction.spaces import spaces_wanted

LINES = st.lists(
    st.sampled_from(
        [
            *"aéZÉ09_ .,;:!?…«»(—–-‐’'´¬*†\xa0\u2009\x01\x07\x1c\x1f\t\u0301ﬁı",
            "anticonstitution",
            "(12)",
        ]
    ),
    max_size=12,
).map("".join)

ODD = "".join(map(chr, characters._TABLE))
PLAIN = {
    characters._SUSPECT: re.compile(
        rf"[{re.escape(ODD)}´`ˆ¨¸\u0300-\u036f]|[ \xa0\u2002-\u200a\u202f][,.]|¬"
        r"|[A-ZÀ-Þ](?<=[a-zà-ÿ.!?…].)(?=[a-zà-ÿ’'])|,(?=[a-zà-ÿ])"
    ),
    characters._CORK_LIGATURE: re.compile(r"[a-zà-ÿ][\x1b-\x1f]|[\x1b-\x1f][a-zà-ÿ]"),
    line_reader._MAY_BE_UNMAPPED: re.compile(
        r"\w[;:<=>@?\d]\w|[\x01\x03-\x08\x0e-\x1f]",
    ),
}
HARD_HYPHEN = re.compile(r"(?<=[^\W_])[-\u2010]$")
WORD = re.compile(r"[^\s—–/|]+")
SPACES = re.compile(r"(?<=[^\s!?;:»«(—–])(?=[!?;:»])|(?<=«)(?=\S)|(?<=[a-zà-ÿ])(?=[A-ZÀ-Þ])")
LONG_WORD = re.compile(r"[^\W\d_]{15,}")


@given(LINES)
def test_a_quick_pattern_finds_where_its_plain_form_does(line: str) -> None:
    for quick, plain in PLAIN.items():
        assert bool(quick.search(line)) == bool(plain.search(line)), plain.pattern


@given(LINES)
def test_a_hard_hyphen_is_found_where_its_plain_pattern_finds_it(line: str) -> None:
    assert line_reader.ends_in_hard_hyphen(line) == bool(HARD_HYPHEN.search(line))


@given(LINES)
def test_words_are_counted_as_by_their_plain_pattern(line: str) -> None:
    words = [word for word in WORD.findall(line) if any(map(str.isalnum, word))]

    assert count_words(line) == len(words)


@given(LINES)
def test_calls_are_looked_for_in_every_line_that_may_hold_one(line: str) -> None:
    assert note_calls.may_hold_calls(line) == bool(note_calls._CALL.search(line))


@given(LINES)
def test_spaces_are_wanted_where_the_plain_patterns_say(line: str) -> None:
    wanted = [found.start() for found in SPACES.finditer(line) if found.start()]
    for word in LONG_WORD.finditer(line):
        wanted += range(word.start() + 1, word.end())

    assert list(spaces_wanted(line)) == wanted
