from __future__ import annotations

import pytest

from fnt.wire.jobs import PieceQuality, ProcessingSettings
from fnt_server.engines import get_engine
from fnt_server.engines.piece_quality import measure
from fnt_server.engines.rule_based import shorten_measured
from fnt_server.engines.tokens import has_finite_verb
from fnt_server.pipeline.chunks import process_chunk
from fnt_server.pipeline.document import Paragraph

SENTENCE = (
    "Il regardait la rivière grise, et sa femme, qui venait du moulin, portait une lampe éteinte."
)


def test_pieces_are_counted_by_how_they_end() -> None:
    quality = measure(["Il regardait la rivière,", "et sa femme portait la", "lampe éteinte."])

    assert quality == PieceQuality(pieces=3, end_with_clause=2, cut_in_clause=1, with_finite_verb=2)


@pytest.mark.parametrize("words", [3, 5, 8, 12])
def test_an_engine_counts_what_it_cuts_as_anybody_would(words: int) -> None:
    settings = ProcessingSettings(sentence_length_limit=words)

    pieces, quality = shorten_measured(SENTENCE, settings)

    assert quality.pieces == len(pieces) == quality.end_with_clause + quality.cut_in_clause
    assert quality.with_finite_verb == sum(map(has_finite_verb, pieces))
    assert quality.end_with_clause == measure(pieces).end_with_clause


def test_the_quality_of_a_chunk_is_that_of_all_its_pieces() -> None:
    paragraphs = [Paragraph(text=f"Il vint. Ah ! {SENTENCE}", page=1, chapter=None)]
    settings = ProcessingSettings()

    done = process_chunk(
        paragraphs, settings=settings, engine=get_engine("rules"), has_finite_verb=has_finite_verb
    )

    assert done.quality is not None
    assert done.quality.pieces == len(done.sentences)
    assert done.quality.with_finite_verb == sum(
        has_finite_verb(sentence.text) for sentence in done.sentences
    )
