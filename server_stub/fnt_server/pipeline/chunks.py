"""Chunks of whole paragraphs, and the pure function that turns one into short sentences."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Final

import msgspec

from fnt.wire.error_codes import JobErrorCode
from fnt.wire.jobs import PieceQuality, ProcessingSettings
from fnt.wire.results import Kind, Sentence
from fnt.wire.structs import UNSET
from fnt.wire.words import count_words
from fnt_server.pipeline.document import Analysis, Paragraph
from fnt_server.pipeline.engine_protocol import Engine, Shortened
from fnt_server.pipeline.errors import PdfRejected
from fnt_server.pipeline.text.hard_cuts import cut_hard
from fnt_server.pipeline.text.sentences import FoundSentence, iter_sentences
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
    first_paragraph: int
    """Number of the first of them in the book, from 1."""


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
    firsts = accumulate(map(len, shares), initial=1)
    return [
        Chunk(
            number=k,
            start_page=start + 1,
            end_page=end,
            paragraphs=tuple(share),
            first_paragraph=first,
        )
        for k, (start, end, share, first) in enumerate(
            zip([0, *ends], ends, shares, firsts, strict=False)
        )
    ]


@dataclass(frozen=True, slots=True, kw_only=True)
class ProcessedChunk:
    """The result of one chunk."""

    sentences: list[Sentence]
    fallback_reasons: Counter[str]
    """How many sentences fell back to `rules`, by reason."""
    quality: PieceQuality | None = None
    """How the pieces were cut, if that was to be told and the engine tells."""


def process_chunk(
    paragraphs: Iterable[Paragraph],
    *,
    settings: ProcessingSettings,
    engine: Engine,
    first_paragraph: int | None = None,
    has_finite_verb: Callable[[str], bool] | None = None,
) -> ProcessedChunk:
    """Return the short sentences of these paragraphs: the same for the same arguments and engine.

    `first_paragraph` is the number of the first in the book, if it is known. A sentence within the
    limit is kept as it is; a longer one goes to the engine, unless it is dialogue and
    `ignore_dialogue` is set. `has_finite_verb` looks at what is kept, to tell the quality. Raises
    EngineFailed.
    """
    found: list[_SourceSentence] = []
    for index, paragraph in enumerate(paragraphs):
        number = None if first_paragraph is None else first_paragraph + index
        found.extend(_iter_sources(paragraph, number, settings))
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
        quality=has_finite_verb
        and _quality(
            [source.text for source in found if not source.is_long],
            shortened_sentences,
            has_finite_verb,
        ),
    )


def _quality(
    kept: Sequence[str], shortened: Sequence[Shortened], has_finite_verb: Callable[[str], bool]
) -> PieceQuality | None:
    measured = [one.quality for one in shortened if one.quality is not None]
    if len(measured) < len(shortened):
        return None
    return PieceQuality(
        pieces=len(kept) + sum(one.pieces for one in measured),
        end_with_clause=len(kept) + sum(one.end_with_clause for one in measured),
        cut_in_clause=sum(one.cut_in_clause for one in measured),
        with_finite_verb=sum(map(has_finite_verb, kept))
        + sum(one.with_finite_verb for one in measured),
    )


class _SourceSentence(msgspec.Struct, frozen=True, gc=False):
    """A sentence of the book."""

    text: str
    shown: str
    """The same, marked where it was cut."""
    page: int
    chapter: str | None
    paragraph: int | None
    kind: Kind
    is_long: bool
    """Too long: the engine shortens it."""
    is_cut: bool
    """It goes on in the next one: the sentence was cut hard."""


def _iter_sources(
    paragraph: Paragraph, number: int | None, settings: ProcessingSettings
) -> Iterator[_SourceSentence]:
    pages = settings.page_ranges
    for found in iter_sentences(paragraph.text):
        if pages is not None and paragraph.page_at(found.start) not in pages:
            continue
        spared = settings.ignore_dialogue and found.is_dialogue
        parts = list(cut_hard(found.text))
        for index, part in enumerate(parts, 1):
            text, shown = part.text, part.shown
            if not settings.preserve_formatting:
                text, shown = plain(text), plain(shown)
            yield _SourceSentence(
                text,
                shown,
                paragraph.page_at(found.start + part.start),
                paragraph.chapter,
                number,
                _kind(paragraph, found),
                is_long=not spared and count_words(text) > settings.sentence_length_limit,
                is_cut=index < len(parts),
            )


def _kind(paragraph: Paragraph, found: FoundSentence) -> Kind:
    if paragraph.kind != "body":
        return paragraph.kind
    return "dialogue" if found.is_dialogue else "prose"


def _iter_pieces(
    source: _SourceSentence, shortened: Shortened | None, settings: ProcessingSettings
) -> Iterator[Sentence]:
    pieces = shortened.pieces if shortened else [source.text]
    for index, piece in enumerate(pieces, 1):
        yield Sentence(
            text=piece,
            words=count_words(piece),
            source=source.shown,
            page=source.page,
            chapter=source.chapter,
            engine=shortened.engine if shortened else settings.engine,
            paragraph=UNSET if source.paragraph is None else source.paragraph,
            continues=source.is_cut or index < len(pieces),
            kind=source.kind,
        )
