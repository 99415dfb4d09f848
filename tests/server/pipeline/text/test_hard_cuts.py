from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fnt.wire.words import count_words
from fnt_server.pipeline.text.hard_cuts import MARK, MAX_CHARS, MAX_WORDS, cut_hard


def test_the_longest_sentence_of_literature_stays_whole() -> None:
    sentence = "le chat, " * 460

    (part,) = cut_hard(sentence.strip())

    assert part.text == part.shown == sentence.strip()


@pytest.mark.parametrize("unit", ["mot ", "a—", ".", "x", "il vint ; "])
def test_what_is_no_sentence_is_cut_and_marked(unit: str) -> None:
    sentence = (unit * 100_000).strip()

    parts = list(cut_hard(sentence))

    assert len(parts) > 1
    assert all(len(part.text) <= MAX_CHARS for part in parts)
    assert all(count_words(part.text) <= MAX_WORDS for part in parts)
    assert all(sentence.startswith(part.text, part.start) for part in parts)
    assert parts[0].shown == f"{parts[0].text} {MARK}"
    assert parts[1].shown.startswith(f"{MARK} {parts[1].text}")
    assert not parts[-1].shown.endswith(MARK)


@given(st.lists(st.sampled_from(["mot", "—", " ", "a" * 3000, "..."]), max_size=4000))
def test_nothing_is_lost(pieces: list[str]) -> None:
    sentence = "".join(pieces).strip()

    joined = "".join(part.text for part in cut_hard(sentence))

    assert "".join(joined.split()) == "".join(sentence.split())
