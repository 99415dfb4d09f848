"""Export of a ledger as CSV or JSON Lines."""

from __future__ import annotations

import csv
import io
import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from fnt.errors import TargetExistsError, UsageError
from fnt.files import atomic_write, special_kind, write_errors
from fnt.flow.ledger import Book, Ledger
from fnt.output.sanitize import harmless
from fnt.wire.documents import BookRecord


def record_of(book: Book) -> BookRecord:
    """Return a book as written in exports and reports."""
    sent = book.sent
    return BookRecord(
        path=book.path,
        name=book.filename,
        status=book.status,
        job_id=book.job_id,
        sha256=sent.sha256 if sent else None,
        size_bytes=sent.size_bytes if sent else None,
        error_code=book.error_code,
        error_message=book.error_message,
        outputs=list(book.outputs),
        attempts=book.attempts,
        earlier_jobs=list(book.earlier_jobs),
        updated_at=book.updated_at,
    )


def csv_lines(ledger: Ledger) -> Iterator[bytes]:
    """Yield CSV (RFC 4180) in the style of result files: text is quoted, numbers are not."""
    yield _csv_line(BookRecord.__struct_fields__)
    for book in ledger.books():
        record = record_of(book).to_wire()
        record["outputs"] = "\n".join(record["outputs"])
        record["earlier_jobs"] = " ".join(map(str, record["earlier_jobs"]))
        yield _csv_line("" if value is None else value for value in record.values())


def _csv_line(cells: Any) -> bytes:
    text = io.StringIO()
    csv.writer(text, quoting=csv.QUOTE_NONNUMERIC, lineterminator="\r\n").writerow(cells)
    return harmless(text.getvalue()).encode("utf-8", "replace")


def json_lines(ledger: Ledger) -> Iterator[bytes]:
    """Yield one JSON object per line."""
    for book in ledger.books():
        yield json.dumps(record_of(book).to_wire()).encode() + b"\n"


def write_file(path: Path, write: Callable[[], Iterator[bytes]], *, overwrite: bool) -> None:
    """Write a file atomically; raises TargetExistsError if it exists, unless `overwrite`."""
    if kind := special_kind(path):
        raise UsageError(f"{path} is {kind}, not a file", hint=f"leave out -o, and add: > {path}")
    if os.path.lexists(path) and not overwrite:
        raise TargetExistsError(f"{path} exists", hint="use --overwrite to replace it")
    with write_errors(path), atomic_write(path) as file:
        file.writelines(write())
