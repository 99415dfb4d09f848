"""Sentences by paragraph."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import groupby

from fnt.wire.results import Sentence


def by_paragraph(sentences: Iterable[Sentence]) -> Iterator[list[Sentence]]:
    """Yield the sentences of each paragraph.

    Results of earlier versions do not tell paragraphs: there, a sentence of the book is one.
    """
    for _, group in groupby(sentences, key=lambda one: (one.paragraph, _source_if_unknown(one))):
        yield list(group)


def _source_if_unknown(sentence: Sentence) -> str:
    return "" if isinstance(sentence.paragraph, int) else sentence.source
