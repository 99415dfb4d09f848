"""Parsing of manifests: CSV, JSON, or plain paths, with line numbers."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Iterator, Mapping
from itertools import chain
from typing import Any

from fnt.errors import UsageError

COLUMNS = (
    "path", "name", "words", "stretch", "min_words", "engine", "ignore_dialogue", "pages",
    "chapter", "keep_front_matter", "output",
)  # fmt: skip


class LineError(Exception):
    """A line that cannot be parsed, with the reason."""

    def __init__(self, line: int, why: str) -> None:
        super().__init__(why)
        self.line = line
        self.why = why


Record = tuple[int, Mapping[str, Any]]


def read_records(name: str, lines: Iterable[bytes]) -> Iterator[Record | LineError]:
    """Yield the values of each line, in any of the formats.

    Raises UsageError if the manifest as a whole is invalid; `name` is `-` for stdin.
    """
    texts = _texts(name, lines)
    head = []
    for text in texts:
        head.append(text)
        if text.strip():
            break
    first = head[-1] if head else ""
    if first.startswith("%PDF-"):
        raise UsageError(f"{name} is a PDF, not a manifest", hint="fnt upload FILE.pdf")
    rest = chain(head, texts)
    if first.lstrip().startswith("{"):
        return _json_records(rest)
    if name.lower().endswith(".csv") or "path" in _header(first):
        return _csv_records(name, rest, header=_header(first), delimiter=_delimiter(first))
    if name == "-" or name.lower().endswith((".txt", ".lst")):
        return _plain_records(rest)
    raise UsageError(
        f"{name} is not a manifest: its first line has no column `path` and is not JSON",
        hint="fnt batch run takes CSV, JSON Lines, a .txt of paths, a folder or -",
    )


def _texts(name: str, lines: Iterable[bytes]) -> Iterator[str]:
    for number, line in enumerate(lines, start=1):
        try:
            yield line.decode("utf-8-sig" if number == 1 else "utf-8")
        except UnicodeDecodeError as error:
            if line.startswith(b"%PDF-"):
                yield "%PDF-"
                return
            raise UsageError(
                f"{name}: line {number} is not UTF-8", hint="save the manifest as UTF-8"
            ) from error


def _header(first: str) -> list[str]:
    cells = next(csv.reader([first], delimiter=_delimiter(first)), [])
    return [cell.strip().lower() for cell in cells]


def _delimiter(first: str) -> str:
    """Return the delimiter of the header; French Excel writes `;`."""
    return next((sign for sign in ",;\t" if sign in first), ",")


def _csv_records(
    name: str, texts: Iterator[str], *, header: list[str], delimiter: str
) -> Iterator[Record | LineError]:
    _check_columns(header, f"{name}: ")
    reader = csv.reader(texts, delimiter=delimiter, strict=True)
    is_first = True
    while True:
        try:
            cells = next(reader, None)
        except csv.Error as error:
            yield LineError(reader.line_num, str(error))
            continue
        if cells is None:
            return
        if not any(cells):
            continue
        if is_first:
            is_first = False
        elif len(cells) > len(header):
            yield LineError(reader.line_num, f"{len(cells)} cells for {len(header)} columns")
        else:
            values = {name: cell for name, cell in zip(header, cells, strict=False) if cell != ""}
            yield reader.line_num, values


def _check_columns(columns: Iterable[str], where: str) -> None:
    seen: set[str] = set()
    for name in columns:
        if name not in COLUMNS:
            raise UsageError(
                f"{where}unknown column {name[:40]!r}", hint=f"columns: {', '.join(COLUMNS)}"
            )
        if name in seen:
            raise UsageError(f"{where}duplicate column {name!r}")
        seen.add(name)
    if "path" not in seen:
        raise UsageError(f"{where}no column 'path'")


def _json_records(texts: Iterator[str]) -> Iterator[Record | LineError]:
    for number, text in enumerate(texts, start=1):
        if not text.strip():
            continue
        try:
            values = json.loads(text)
        except (ValueError, RecursionError):
            yield LineError(number, "not JSON")
            continue
        if isinstance(values, dict):
            unknown = [name for name in values if name not in COLUMNS]
            if unknown:
                raise UsageError(
                    f"line {number}: unknown column {unknown[0][:40]!r}",
                    hint=f"columns: {', '.join(COLUMNS)}",
                )
            yield number, {name: value for name, value in values.items() if value is not None}
        else:
            yield LineError(number, "not an object")


def _plain_records(texts: Iterator[str]) -> Iterator[Record | LineError]:
    for number, text in enumerate(texts, start=1):
        if text.strip():
            yield number, {"path": text.rstrip("\r\n")}
