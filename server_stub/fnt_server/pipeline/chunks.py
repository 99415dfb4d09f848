"""Chunks: runs of whole paragraphs, and the pure function that turns one into sentences."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from fnt.wire.jobs import ProcessingSettings
from fnt.wire.results import Sentence
from fnt.wire.words import count_words
from fnt_server.pipeline.document import Analysis, Paragraph
from fnt_server.pipeline.sentences import iter_sentences
from fnt_server.pipeline.typography import plain
from fnt_server.shortening import Engine, Shortened, Stopped


@dataclass(frozen=True, slots=True, kw_only=True)
class Chunk:
    """Paragraphs that begin on a run of pages."""

    number: int
    """From 0."""
    start_page: int
    end_page: int
    """Inclusive."""
    paragraphs: tuple[Paragraph, ...]


def chunk_count(page_count: int) -> int:
    """Return how many chunks a book of so many pages has."""
    return max(min(4, page_count), -(-page_count // 32))


def plan_chunks(analysis: Analysis) -> list[Chunk]:
    """Share the paragraphs out over equal runs of pages; some may hold none."""
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
class Processed:
    """What became of a chunk."""

    sentences: list[Sentence]
    instead: Counter[str]
    """Sentences for which `rules` stood in, by reason."""


def process_chunk(
    paragraphs: Iterable[Paragraph],
    *,
    settings: ProcessingSettings,
    engine: Engine,
    keep_going: Callable[[], bool] = lambda: True,
) -> Processed:
    """Return the short sentences of these paragraphs: the same for the same arguments and engine.

    A sentence within the limit is kept as it is; a longer one goes to the engine, unless it is
    dialogue and `ignore_dialogue` is set. Raises Stopped when `keep_going` says no, and
    EngineFailed.
    """
    found: list[_Source] = []
    for paragraph in paragraphs:
        if not keep_going():
            raise Stopped
        found.extend(_iter_sources(paragraph, settings))
    long = [source for source in found if source.is_long]
    answers = engine([source.text for source in long], settings, keep_going)
    left = iter(answers)
    return Processed(
        sentences=[
            sentence
            for source in found
            for sentence in _finished(source, next(left) if source.is_long else None, settings)
        ],
        instead=Counter(answer.instead for answer in answers if answer.instead),
    )


@dataclass(frozen=True, slots=True)
class _Source:
    """A sentence of the book."""

    text: str
    page: int
    chapter: str | None
    is_long: bool
    """For the engine to shorten."""


def _iter_sources(paragraph: Paragraph, settings: ProcessingSettings) -> Iterator[_Source]:
    for found in iter_sentences(paragraph.text):
        text = found.text if settings.preserve_formatting else plain(found.text)
        spared = settings.ignore_dialogue and found.is_dialogue
        yield _Source(
            text,
            paragraph.page_at(found.start),
            paragraph.chapter,
            is_long=not spared and count_words(text) > settings.sentence_length_limit,
        )


def _finished(
    source: _Source, answer: Shortened | None, settings: ProcessingSettings
) -> Iterator[Sentence]:
    for piece in answer.pieces if answer else [source.text]:
        yield Sentence(
            text=piece,
            words=count_words(piece),
            source=source.text,
            page=source.page,
            chapter=source.chapter,
            engine=answer.engine if answer else settings.engine,
        )
