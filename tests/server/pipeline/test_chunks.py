from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fnt.wire.jobs import ProcessingSettings
from fnt.wire.results import Sentence
from fnt_server.pipeline.chunks import chunk_count, plan_chunks, process_chunk
from fnt_server.pipeline.document import Analysis, Paragraph
from fnt_server.pipeline.engine_protocol import Shortened

LONG = "Il marcha longtemps dans la nuit froide et ne dit rien à personne."


def make_paragraph(text: str = LONG, *, page: int = 1) -> Paragraph:
    return Paragraph(text=text, page=page, chapter="I")


def halve(sentences: Sequence[str], _settings: ProcessingSettings) -> list[Shortened]:
    return [Shortened(pieces=halves(sentence.split()), engine="rules") for sentence in sentences]


def halves(words: list[str]) -> list[str]:
    return [" ".join(words[: len(words) // 2]), " ".join(words[len(words) // 2 :])]


def run(*texts: str, settings: ProcessingSettings | None = None) -> list[Sentence]:
    return process_chunk(
        [make_paragraph(text) for text in texts],
        settings=settings or ProcessingSettings(),
        engine=halve,
    ).sentences


@pytest.mark.parametrize(
    ("pages", "count"), [(1, 1), (3, 3), (4, 4), (128, 4), (129, 5), (1037, 33), (5000, 157)]
)
def test_chunk_count(pages: int, count: int) -> None:
    assert chunk_count(pages) == count


@given(st.integers(1, 400), st.lists(st.integers(1, 400), max_size=60))
def test_plan_chunks_loses_nothing_and_covers_every_page_once(
    pages: int, starts: list[int]
) -> None:
    paragraphs = tuple(make_paragraph(page=min(page, pages)) for page in sorted(starts))

    chunks = plan_chunks(Analysis(page_count=pages, paragraphs=paragraphs))

    assert len(chunks) == chunk_count(pages)
    assert [chunk.number for chunk in chunks] == list(range(len(chunks)))
    assert tuple(p for chunk in chunks for p in chunk.paragraphs) == paragraphs
    covered = [page for c in chunks for page in range(c.start_page, c.end_page + 1)]
    assert covered == list(range(1, pages + 1))
    assert all(c.start_page <= p.page <= c.end_page for c in chunks for p in c.paragraphs)


def test_process_chunk_tells_where_each_piece_comes_from() -> None:
    found = run("Il vint. " + LONG)

    assert [(s.text, s.words, s.source) for s in found] == [
        ("Il vint.", 2, "Il vint."),
        ("Il marcha longtemps dans la nuit", 6, LONG),
        ("froide et ne dit rien à personne.", 7, LONG),
    ]
    assert {(s.page, s.chapter, s.engine) for s in found} == {(1, "I", "rules")}


def test_ignore_dialogue_leaves_speech_whole() -> None:
    settings = ProcessingSettings(ignore_dialogue=True)

    speech, *rest = run(f"— {LONG}", LONG, settings=settings)

    assert speech.text == f"— {LONG}"
    assert len(rest) == 2


def test_preserve_formatting_false_writes_plain_marks() -> None:
    settings = ProcessingSettings(preserve_formatting=False)

    assert [s.text for s in run("« L’été… »", settings=settings)] == ['"L\'été..."']


def test_a_sentence_stands_on_the_page_where_it_begins() -> None:
    first = "Il dort."
    paragraph = Paragraph(
        text=f"{first} {LONG}", page=7, chapter=None, page_breaks=[(len(first) + 1, 8)]
    )

    found = process_chunk([paragraph], settings=ProcessingSettings(), engine=halve).sentences

    assert [sentence.page for sentence in found] == [7, 8, 8]


def test_paragraphs_are_numbered_through_the_book() -> None:
    paragraphs = tuple(make_paragraph(page=page) for page in (1, 1, 2, 4, 4, 4))

    chunks = plan_chunks(Analysis(page_count=4, paragraphs=paragraphs))

    assert [chunk.first_paragraph for chunk in chunks] == [1, 3, 4, 4]


def test_each_piece_tells_its_paragraph_its_kind_and_whether_it_goes_on() -> None:
    heading = Paragraph(text="II", page=1, chapter="II", kind="heading")
    speech = make_paragraph("— Non, je n’irai pas demain avec vous au marché. Adieu.")
    cut = make_paragraph("mot " * 1500)

    found = process_chunk(
        [heading, speech, cut], settings=ProcessingSettings(), engine=halve, first_paragraph=7
    ).sentences

    assert [(s.paragraph, s.kind, s.continues) for s in found] == [
        (7, "heading", False),
        (8, "dialogue", True),
        (8, "dialogue", False),
        (8, "dialogue", False),
        *[(9, "prose", True)] * 3,
        (9, "prose", False),
    ]


def test_paragraphs_of_a_chunk_of_an_earlier_version_have_no_numbers() -> None:
    assert "paragraph" not in run("Oui.")[0].to_wire()
