"""A result as json, jsonl, txt and csv: streamed, a sentence at a time."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, ClassVar, Literal, get_args

from fnt.wire.structs import UNSET, UnsetType, WireStruct, encode_json, format_json

Format = Literal["json", "jsonl", "txt", "csv"]
FORMATS: tuple[str, ...] = get_args(Format)

MEDIA_TYPES: Mapping[str, str] = {
    "json": "application/json",
    "jsonl": "application/x-ndjson; charset=utf-8",
    "txt": "text/plain; charset=utf-8",
    "csv": "text/csv; charset=utf-8",
}

Kind = Literal["prose", "dialogue", "heading", "verse", "front matter"]
KINDS: tuple[str, ...] = get_args(Kind)


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
    # Results of earlier versions do not have what follows.
    paragraph: int | UnsetType = UNSET
    """Number of its paragraph in the book, from 1."""
    continues: bool | UnsetType = UNSET
    """Whether the next one is a part of the same source."""
    kind: str | UnsetType = UNSET
    """One of KINDS, to which later versions may add."""


def sentence_json(sentence: Sentence) -> bytes:
    """Return a sentence as `json.dumps` writes it, in a third of the time."""
    return format_json(encode_json(sentence), indent=0)


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
    for row in table_rows(sentences):
        writer.writerow(row)
        yield buffer.getvalue()
        buffer.seek(0)
        buffer.truncate()


def table_rows(sentences: Iterable[Sentence]) -> Iterator[list[Any]]:
    """Yield the header, with the fields that the first sentence has, and a row a sentence."""
    columns: list[str] | None = None
    for sentence in sentences:
        wire = sentence.to_wire()
        if columns is None:
            columns = list(wire)
            yield columns
        yield [_cell(wire.get(name)) for name in columns]
    if columns is None:
        yield list(Sentence.__struct_fields__)


def _cell(value: Any) -> Any:
    return int(value) if isinstance(value, bool) else value


def _json(sentence: Sentence) -> str:
    return sentence_json(sentence).decode()


def _line(sentence: Sentence) -> str:
    return " ".join(sentence.text.split())
