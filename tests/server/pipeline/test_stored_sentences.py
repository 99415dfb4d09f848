from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fnt.wire.results import Sentence
from fnt.wire.structs import WireError
from fnt_server.pipeline.stored_sentences import checked_blocks, read_lines, write_lines


def sentence(source: str, text: str = "Il vint.") -> Sentence:
    return Sentence(text=text, words=2, source=source, page=1, chapter=None, engine="rules")


@given(st.lists(st.builds(sentence, st.sampled_from(["a", "b", ""]), st.text())))
def test_sentences_come_back(sentences: list[Sentence]) -> None:
    lines = list(write_lines(sentences))

    assert len(lines) == len(sentences)
    assert list(read_lines(lines)) == sentences


def test_a_source_is_stored_once() -> None:
    lines = list(write_lines([sentence("x" * 1000)] * 100))

    assert sum(line.count(b"x" * 1000) for line in lines) == 1


def test_lines_of_earlier_versions_are_read_among_newer_ones() -> None:
    earlier = [json.dumps(sentence(source).to_wire()).encode() for source in ("a", "a", "b")]
    newer = write_lines([sentence("c"), sentence("c")])

    found = [one.source for one in read_lines([*earlier, *newer, *earlier])]

    assert found == ["a", "a", "b", "c", "c", "a", "a", "b"]


@pytest.mark.parametrize("lines_a_block", [1, 2, 6])
def test_blocks_of_lines_tell_what_a_download_has(lines_a_block: int) -> None:
    sentences = [sentence(source) for source in ("é" * 50, "é" * 50, "b", "b", "b", "")]
    lines = list(write_lines(sentences))
    blocks = [b"".join(lines[k : k + lines_a_block]) for k in range(0, 6, lines_a_block)]

    checked = list(checked_blocks(blocks))

    assert [one.content for one in checked] == blocks
    assert sum(one.sentence_count for one in checked) == 6
    repeated = len(("é" * 50 + "bb").encode())
    assert sum(one.download_bytes for one in checked) == sum(map(len, lines)) + repeated


def test_a_first_line_without_a_source_is_refused() -> None:
    _, second = write_lines([sentence("a"), sentence("a")])

    with pytest.raises(WireError):
        list(read_lines([second]))
