"""Sentences as they are stored: a JSON object in a line for each, and each source once.

A line without `source` has that of the line before it. Files of earlier versions have it in every
line; lines of both kinds may follow each other.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Final

import msgspec

from fnt.wire.results import Sentence, sentence_json
from fnt.wire.structs import REFUSED, UNSET, UnsetType, WireError


def write_lines(sentences: Iterable[Sentence]) -> Iterator[bytes]:
    """Yield the line of each sentence."""
    source: str | None = None
    for sentence in sentences:
        is_same, source = sentence.source == source, sentence.source
        yield sentence_json(sentence.replaced(source=UNSET) if is_same else sentence) + b"\n"


def read_lines(lines: Iterable[bytes]) -> Iterator[Sentence]:
    """Yield the sentence of each line; raises WireError."""
    for stored, source in _iter_stored(lines):
        yield Sentence(
            text=stored.text,
            words=stored.words,
            source=source,
            page=stored.page,
            chapter=stored.chapter,
            engine=stored.engine,
            paragraph=stored.paragraph,
            continues=stored.continues,
            kind=stored.kind,
        )


class CheckedBlock(msgspec.Struct, frozen=True, kw_only=True):
    """Whole lines, each of which is a sentence."""

    content: bytes
    sentence_count: int
    download_bytes: int
    """What a download has for them, the source of each included."""


def checked_blocks(blocks: Iterable[bytes]) -> Iterator[CheckedBlock]:
    """Check blocks of whole lines, one after the other.

    Raises WireError for a line that is no sentence: what wrote it had read a document.
    """
    source_bytes: int | None = None
    for content in blocks:
        sentences = _decoded(content.removesuffix(b"\n").split(b"\n"))
        download_bytes = len(content)
        for sentence in sentences:
            if sentence.source is not UNSET:
                source_bytes = len(sentence.source.encode())
            elif source_bytes is not None:
                download_bytes += source_bytes
            else:
                raise WireError(_NO_SOURCE)
        yield CheckedBlock(
            content=content, sentence_count=len(sentences), download_bytes=download_bytes
        )


class _Stored(Sentence, frozen=True, kw_only=True):
    source: str | UnsetType = UNSET  # type: ignore[assignment]  # that of the line before


_DECODER: Final = msgspec.json.Decoder(_Stored)
"""Made once: msgspec must not look up the fields of a struct in two threads."""
_NO_SOURCE: Final = "the first stored line has no source"


def _iter_stored(lines: Iterable[bytes]) -> Iterator[tuple[_Stored, str]]:
    """Yield each line as it is read, with its source or that of the line before."""
    source: str | UnsetType = UNSET
    for line in lines:
        (stored,) = _decoded([line])
        if stored.source is not UNSET:
            source = stored.source
        if source is UNSET:
            raise WireError(_NO_SOURCE)
        yield stored, source


def _decoded(lines: Sequence[bytes]) -> list[_Stored]:
    try:
        return list(map(_DECODER.decode, lines))
    except REFUSED as error:
        raise WireError("a stored line is not a sentence") from error
