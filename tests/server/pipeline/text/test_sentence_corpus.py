"""How well sentences are found: on dialogue marked by hand, and on a public corpus of French."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from corpus import CORPUS
from fnt_server.pipeline.text.sentences import iter_sentences

DIALOGUE = Path(__file__).with_name("dialogue.txt")
SEQUOIA = CORPUS / "segmentation" / "sequoia_dev.clean.json"


def ends(sentences: list[str]) -> set[int]:
    """Return after how many letters each sentence but the last one ends."""
    found, length = set(), 0
    for sentence in sentences[:-1]:
        length += len("".join(sentence.split()))
        found.add(length)
    return found


def f1(paragraphs: list[list[str]]) -> float:
    """Return the harmonic mean of precision and recall of the ends inside paragraphs."""
    right = found = wanted = 0
    for sentences in paragraphs:
        gold = ends(sentences)
        cut = ends([one.text for one in iter_sentences(" ".join(sentences))])
        right, found, wanted = (
            right + len(gold & cut),
            found + len(cut),
            wanted + len(gold),
        )
    return 2 * right / (found + wanted)


def test_dialogue_is_parted_where_a_reader_would() -> None:
    lines = DIALOGUE.read_text(encoding="utf-8").splitlines()
    paragraphs = [line.split(" | ") for line in lines]

    assert sum(map(len, paragraphs)) >= 150
    assert f1(paragraphs) >= 0.98


@pytest.mark.skipif(not SEQUOIA.exists(), reason=f"no corpus at {CORPUS}")
def test_sequoia_in_paragraphs_of_five() -> None:
    sentences = json.loads(SEQUOIA.read_text(encoding="utf-8"))["sentences"]

    assert f1([sentences[k : k + 5] for k in range(0, len(sentences), 5)]) >= 0.995
