"""The chapters of a result."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from fnt.wire.chapters import ChapterCounter
from fnt.wire.results import Sentence


@dataclass(slots=True, kw_only=True)
class Chapter:
    """Sentences below one heading."""

    number: int
    """From 1; 0 for what stands before the first heading."""
    heading: str | None
    first_page: int
    last_page: int
    first_sentence: int
    """Its number in the result, from 1."""
    sentence_count: int = 0


def numbered(sentences: Iterable[Sentence]) -> Iterator[tuple[int, Sentence]]:
    """Yield each sentence with the number of its chapter."""
    counter = ChapterCounter()
    for sentence in sentences:
        is_heading = sentence.kind == "heading"
        yield counter.add(chapter=sentence.chapter, is_heading=is_heading), sentence


def iter_chapters(sentences: Iterable[Sentence]) -> Iterator[Chapter]:
    """Yield the chapters of a result, in order."""
    chapter: Chapter | None = None
    for index, (number, sentence) in enumerate(numbered(sentences), 1):
        if chapter is None or number != chapter.number:
            if chapter is not None:
                yield chapter
            chapter = Chapter(
                number=number,
                heading=sentence.chapter,
                first_page=sentence.page,
                last_page=sentence.page,
                first_sentence=index,
            )
        chapter.last_page = max(chapter.last_page, sentence.page)
        chapter.sentence_count += 1
    if chapter is not None:
        yield chapter
