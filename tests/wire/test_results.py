"""A result in its four formats: read back, it is what was written."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fnt.wire.results import FORMATS, MEDIA_TYPES, Sentence, iter_result, sentence_json
from fnt.wire.structs import WireError

DOCUMENT = {
    "original_filename": "Le Dernier Passeur.pdf",
    "sha256": "9b74c9897bac770ffc029102a200c5de8f1b7f6d4f7a1f2f0e2f7d3c1a5b6e70",
    "page_count": 25,
}
SETTINGS = {
    "sentence_length_limit": 8,
    "min_sentence_length": 2,
    "engine": "rules",
    "ignore_dialogue": False,
    "preserve_formatting": True,
    "fix_hyphenation": True,
}
SENTENCES = st.builds(
    Sentence,
    text=st.text(),
    words=st.integers(0, 99),
    source=st.text(),
    page=st.integers(1, 5000),
    chapter=st.none() | st.text(min_size=1),
    engine=st.text(),
)


def written(sentences: list[Sentence], format: str) -> str:
    return "".join(iter_result(sentences, format=format, document=DOCUMENT, settings=SETTINGS))


def make_sentence(text: str) -> Sentence:
    return Sentence(text=text, words=1, source=text, page=1, chapter=None, engine="rules")


@given(SENTENCES)
def test_sentence_is_written_as_the_standard_library_writes_it(sentence: Sentence) -> None:
    standard = json.dumps(sentence.to_wire(), ensure_ascii=False).encode()

    assert sentence_json(sentence) == standard


@pytest.mark.parametrize("format", FORMATS)
@pytest.mark.parametrize("version", ["", "paragraphs_"])
def test_result_is_the_golden_file(
    golden: Callable[[str], Any], golden_text: Callable[[str], str], version: str, format: str
) -> None:
    """Those without paragraphs are results of earlier versions."""
    stored = golden(f"{version}sentences.json")
    sentences = [Sentence.from_wire(item) for item in stored]

    assert [sentence.to_wire() for sentence in sentences] == stored
    assert written(sentences, format) == golden_text(f"{version}result.{format}")


@pytest.mark.parametrize("format", FORMATS)
def test_every_format_has_a_media_type(format: str) -> None:
    assert MEDIA_TYPES[format].split("/")[0] in {"application", "text"}
    assert set(MEDIA_TYPES) == set(FORMATS)


def test_result_without_sentences_is_well_formed() -> None:
    assert json.loads(written([], "json")) == {
        "v": 1,
        "document": DOCUMENT,
        "settings": SETTINGS,
        "sentences": [],
    }
    assert written([], "jsonl") == written([], "txt") == ""
    assert written([], "csv") == (
        '"text","words","source","page","chapter","engine","paragraph","continues","kind"\r\n'
    )


@pytest.mark.parametrize("format", FORMATS)
def test_result_comes_sentence_by_sentence(format: str) -> None:
    """Nothing is read ahead: a book is never whole in memory."""
    taken = []

    def sentences() -> Any:
        for text in ("un", "deux", "trois"):
            taken.append(text)
            yield make_sentence(text)

    pieces = iter_result(sentences(), format=format, document=DOCUMENT, settings=SETTINGS)
    next(piece for piece in pieces if '"un"' in piece or piece == "un\n")

    assert taken == ["un"]


@pytest.mark.parametrize(
    "text",
    [
        "=1+1",
        "+33 6 12",
        "-1",
        "@x",
        "\ttab",
        "- Oui",
        "— Non",
        'il dit "oui"',
        '"',
        "a,b;c",
        "deux\nlignes",
        "retour\r\nchariot",
        "seul\rretour",
        " bords ",
        "",
        "« œuvre »",
        "nul\0",
    ],
)
def test_csv_cell_is_quoted_and_round_trips(text: str) -> None:
    table = written([make_sentence(text)], "csv")
    rows = list(csv.reader(io.StringIO(table, newline="")))

    assert rows[1] == [text, "1", text, "1", "", "rules"]
    assert table.split("\r\n", 1)[1].startswith('"' + text.replace('"', '""') + '",1,')


@settings(deadline=None)
@given(sentences=st.lists(SENTENCES, max_size=5))
def test_any_sentences_round_trip(sentences: list[Sentence]) -> None:
    wire = [sentence.to_wire() for sentence in sentences]
    lines = written(sentences, "jsonl").split("\n")[:-1]
    table = list(csv.DictReader(io.StringIO(written(sentences, "csv"), newline="")))

    assert json.loads(written(sentences, "json"))["sentences"] == wire
    assert [json.loads(line) for line in lines] == wire
    assert [list(row.values()) for row in table] == [
        ["" if value is None else str(value) for value in item.values()] for item in wire
    ]


@settings(deadline=None)
@given(texts=st.lists(st.text(), max_size=5))
def test_txt_holds_one_sentence_a_line(texts: list[str]) -> None:
    """Whatever a reader takes for the end of a line, a sentence has none inside."""
    lines = written([make_sentence(text) for text in texts], "txt").splitlines()

    assert lines == [" ".join(text.split()) for text in texts]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"text": None}, "a sentence has no valid text"),
        ({"words": "5"}, "a sentence has no valid words"),
        ({"words": True}, "a sentence has no valid words"),
        ({"source": []}, "a sentence has no valid source"),
        ({"page": 1.0}, "a sentence has no valid page"),
        ({"chapter": 3}, "a sentence has no valid chapter"),
        ({"engine": {}}, "a sentence has no valid engine"),
    ],
)
def test_sentence_wrong_field_is_named(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(WireError) as caught:
        Sentence.from_wire({**make_sentence("Oui.").to_wire(), **changes})

    assert str(caught.value) == message


@pytest.mark.parametrize("payload", [None, [], "text", 1])
def test_sentence_must_be_an_object(payload: object) -> None:
    with pytest.raises(WireError, match=r"^a sentence must be an object$"):
        Sentence.from_wire(payload)


def test_sentence_passes_over_what_it_does_not_know() -> None:
    sentence = make_sentence("Oui.")

    assert Sentence.from_wire({**sentence.to_wire(), "score": 0.5}) == sentence
