"""Chunks: runs of whole paragraphs, and the pure function that turns one into sentences."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from fnt.wire.jobs import ProcessingSettings
from fnt.wire.results import Sentence
from fnt.wire.words import count_words
from fnt_server.pipeline.document import Analysis, Paragraph
from fnt_server.pipeline.failures import Stopped
from fnt_server.pipeline.sentences import iter_sentences
from fnt_server.pipeline.typography import plain

Engine = Callable[[str, ProcessingSettings], list[str]]


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


def process_chunk(
    paragraphs: Iterable[Paragraph],
    *,
    settings: ProcessingSettings,
    engine: Engine,
    keep_going: Callable[[], bool] = lambda: True,
) -> list[Sentence]:
    """Return the short sentences of these paragraphs: the same for the same arguments.

    A sentence within the limit is kept as it is; a longer one goes to the engine, unless it is
    dialogue and `ignore_dialogue` is set. Raises Stopped when `keep_going` says no.
    """
    sentences: list[Sentence] = []
    for paragraph in paragraphs:
        if not keep_going():
            raise Stopped
        for found in iter_sentences(paragraph.text):
            source = found.text if settings.preserve_formatting else plain(found.text)
            spared = settings.ignore_dialogue and found.is_dialogue
            short = count_words(source) <= settings.sentence_length_limit
            pieces = [source] if short or spared else engine(source, settings)
            sentences.extend(
                Sentence(
                    text=piece,
                    words=count_words(piece),
                    source=source,
                    page=paragraph.page,
                    chapter=paragraph.chapter,
                    engine=settings.engine,
                )
                for piece in pieces
            )
    return sentences
