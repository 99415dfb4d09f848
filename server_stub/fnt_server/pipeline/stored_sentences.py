"""Sentences as they are stored: a JSON object in a line for each, and each source once.

A line without `source` has that of the line before it. Files of earlier versions have it in every
line; lines of both kinds may follow each other.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
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
    for stored, source, _ in _iter_stored(lines):
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


def checked_lines(lines: Iterable[bytes]) -> Iterator[tuple[bytes, int]]:
    """Yield each line with the bytes a download has for it, its source included.

    Raises WireError for a line that is no sentence: what wrote it had read a document.
    """
    source_bytes = 0
    for stored, source, line in _iter_stored(lines):
        if stored.source is UNSET:
            yield line, len(line) + source_bytes
        else:
            source_bytes = len(source.encode())
            yield line, len(line)


class _Stored(Sentence, frozen=True, kw_only=True):
    source: str | UnsetType = UNSET  # type: ignore[assignment]  # that of the line before


_DECODER: Final = msgspec.json.Decoder(_Stored)
"""Made once: msgspec must not look up the fields of a struct in two threads."""


def _iter_stored(lines: Iterable[bytes]) -> Iterator[tuple[_Stored, str, bytes]]:
    """Yield each line as it is read, with its source or that of the line before."""
    source: str | UnsetType = UNSET
    for line in lines:
        try:
            stored = _DECODER.decode(line)
        except REFUSED as error:
            raise WireError("a stored line is no sentence") from error
        if stored.source is not UNSET:
            source = stored.source
        if source is UNSET:
            raise WireError("the first stored line has no source")
        yield stored, source, line
