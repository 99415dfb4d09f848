"""Chunks of whole paragraphs, and the pure function that turns one into short sentences."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from fnt.wire.errors import JobErrorCode
from fnt.wire.jobs import ProcessingSettings
from fnt.wire.results import Sentence
from fnt.wire.words import count_words
from fnt_server.pipeline.document import Analysis, Paragraph
from fnt_server.pipeline.engine_protocol import Engine, Shortened
from fnt_server.pipeline.errors import PdfRejected
from fnt_server.pipeline.text.hard_cuts import cut_hard
from fnt_server.pipeline.text.sentences import iter_sentences
from fnt_server.pipeline.text.typography import plain

MAX_SENTENCES: Final = 500_000
"""Of a book's result; a long novel has 80 000."""
TOO_MANY_SENTENCES: Final = "the book has more sentences than any novel: split it into parts"


@dataclass(frozen=True, slots=True, kw_only=True)
class Chunk:
    """Paragraphs that begin on consecutive pages."""

    number: int
    """From 0."""
    start_page: int
    end_page: int
    """Inclusive."""
    paragraphs: tuple[Paragraph, ...]


def chunk_count(page_count: int) -> int:
    """Return the number of chunks for a book of this many pages."""
    return max(min(4, page_count), -(-page_count // 32))


def plan_chunks(analysis: Analysis) -> list[Chunk]:
    """Divide the paragraphs by equal ranges of pages; a chunk may be empty."""
    pages, count = analysis.page_count, chunk_count(analysis.page_count)
    ends = [(number + 1) * pages // count for number in range(count)]
    shares: list[list[Paragraph]] = [[] for _ in ends]
    number = 0
    for paragraph in analysis.paragraphs:
        while paragraph.page > ends[number]:
            number += 1
        shares[number].append(paragraph)
    return [
        Chunk(number=k, start_page=start + 1, end_page=end, paragraphs=tuple(share))
        for k, (start, end, share) in enumerate(zip([0, *ends], ends, shares, strict=False))
    ]


@dataclass(frozen=True, slots=True, kw_only=True)
class ProcessedChunk:
    """The result of one chunk."""

    sentences: list[Sentence]
    fallback_reasons: Counter[str]
    """How many sentences fell back to `rules`, by reason."""


def process_chunk(
    paragraphs: Iterable[Paragraph],
    *,
    settings: ProcessingSettings,
    engine: Engine,
) -> ProcessedChunk:
    """Return the short sentences of these paragraphs: the same for the same arguments and engine.

    A sentence within the limit is kept as it is; a longer one goes to the engine, unless it is
    dialogue and `ignore_dialogue` is set. Raises EngineFailed.
    """
    found: list[_SourceSentence] = []
    for paragraph in paragraphs:
        found.extend(_iter_sources(paragraph, settings))
        if len(found) > MAX_SENTENCES:
            raise PdfRejected(JobErrorCode.PDF_LIMIT, TOO_MANY_SENTENCES)
    long = [source for source in found if source.is_long]
    shortened_sentences = engine([source.text for source in long], settings)
    remaining = iter(shortened_sentences)
    return ProcessedChunk(
        sentences=[
            sentence
            for source in found
            for sentence in _iter_pieces(
                source, next(remaining) if source.is_long else None, settings
            )
        ],
        fallback_reasons=Counter(
            shortened.fallback_reason
            for shortened in shortened_sentences
            if shortened.fallback_reason
        ),
    )


@dataclass(frozen=True, slots=True)
class _SourceSentence:
    """A sentence of the book."""

    text: str
    shown: str
    """The same, marked where it was cut."""
    page: int
    chapter: str | None
    is_long: bool
    """Too long: the engine shortens it."""


def _iter_sources(paragraph: Paragraph, settings: ProcessingSettings) -> Iterator[_SourceSentence]:
    for found in iter_sentences(paragraph.text):
        spared = settings.ignore_dialogue and found.is_dialogue
        for part in cut_hard(found.text):
            text, shown = part.text, part.shown
            if not settings.preserve_formatting:
                text, shown = plain(text), plain(shown)
            yield _SourceSentence(
                text,
                shown,
                paragraph.page_at(found.start + part.start),
                paragraph.chapter,
                is_long=not spared and count_words(text) > settings.sentence_length_limit,
            )


def _iter_pieces(
    source: _SourceSentence, shortened: Shortened | None, settings: ProcessingSettings
) -> Iterator[Sentence]:
    for piece in shortened.pieces if shortened else [source.text]:
        yield Sentence(
            text=piece,
            words=count_words(piece),
            source=source.shown,
            page=source.page,
            chapter=source.chapter,
            engine=shortened.engine if shortened else settings.engine,
        )
