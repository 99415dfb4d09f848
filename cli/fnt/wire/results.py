"""A result as json, jsonl, txt and csv: streamed, a sentence at a time."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, ClassVar, Literal, get_args

from fnt.wire.structs import WireStruct

Format = Literal["json", "jsonl", "txt", "csv"]
FORMATS: tuple[str, ...] = get_args(Format)

MEDIA_TYPES: Mapping[str, str] = {
    "json": "application/json",
    "jsonl": "application/x-ndjson; charset=utf-8",
    "txt": "text/plain; charset=utf-8",
    "csv": "text/csv; charset=utf-8",
}


class Sentence(WireStruct, frozen=True, kw_only=True):
    """One short sentence and where it comes from."""

    described: ClassVar[str] = "a sentence"
    wording: ClassVar[str] = "a sentence has no valid {name}"

    text: str
    words: int
    source: str
    """The sentence of the book that this one is a part of."""
    page: int
    """Page of the PDF on which its source begins, from 1."""
    chapter: str | None
    engine: str


def iter_result(
    sentences: Iterable[Sentence],
    *,
    format: str,
    document: dict[str, Any],
    settings: dict[str, Any],
) -> Iterator[str]:
    """Yield a result piece by piece in one of FORMATS.

    `document` is `{original_filename, sha256, page_count}`; only `json` carries it and `settings`.
    """
    if format == "json":
        yield from _iter_json(sentences, document, settings)
    elif format == "csv":
        yield from _iter_csv(sentences)
    else:
        write = _json if format == "jsonl" else _line
        yield from (write(sentence) + "\n" for sentence in sentences)


def _iter_json(
    sentences: Iterable[Sentence], document: dict[str, Any], settings: dict[str, Any]
) -> Iterator[str]:
    head = {"v": 1, "document": document, "settings": settings}
    yield json.dumps(head, ensure_ascii=False)[:-1] + ', "sentences": ['
    separator = "\n"
    for sentence in sentences:
        yield separator + _json(sentence)
        separator = ",\n"
    yield "\n]}\n"


def _iter_csv(sentences: Iterable[Sentence]) -> Iterator[str]:
    """RFC 4180: CRLF, every text quoted, numbers never."""
    buffer = io.StringIO()
    writer = csv.writer(buffer, quoting=csv.QUOTE_NONNUMERIC, lineterminator="\r\n")
    columns = Sentence.__struct_fields__
    for row in _with_header(columns, sentences):
        writer.writerow(row)
        yield buffer.getvalue()
        buffer.seek(0)
        buffer.truncate()


def _with_header(columns: tuple[str, ...], sentences: Iterable[Sentence]) -> Iterator[list[Any]]:
    yield list(columns)
    for sentence in sentences:
        yield [getattr(sentence, name) for name in columns]


def _json(sentence: Sentence) -> str:
    return json.dumps(sentence.to_wire(), ensure_ascii=False)


def _line(sentence: Sentence) -> str:
    return " ".join(sentence.text.split())
