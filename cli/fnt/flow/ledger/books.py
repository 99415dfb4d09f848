"""A book of a bulk import: what is wanted of it, and how far it has come."""

from __future__ import annotations

import json
import os
import sqlite3
from dataclasses import dataclass
from pathlib import Path

from fnt.wire.documents import BookStatus
from fnt.wire.jobs import ProcessingSettings

OPEN = (BookStatus.WAITING, BookStatus.SENDING, BookStatus.RUNNING, BookStatus.UNSAVED)
"""What the same line, run again, goes on with."""
FAILED = (BookStatus.FAILED, BookStatus.CANCELLED, BookStatus.REFUSED, BookStatus.CHANGED)
"""What waits for `batch retry`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """One line of a manifest."""

    path: str
    """As it was given."""
    file: Path
    filename: str
    """The name the server is told."""
    settings: ProcessingSettings
    stem: str
    """Where the result goes: a path below the output folder, without ending."""
    line: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """What a request is made of, beside name and settings; kept, so that it can be repeated."""

    key: str
    sha256: str
    size_bytes: int
    modified_ns: int
    page_count: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Book:
    """One row of the ledger."""

    id: int
    path: str
    file: Path
    filename: str
    settings: ProcessingSettings
    stem: str
    line: int
    status: BookStatus
    sent: Prepared | None
    job_id: int | None
    targets: tuple[str, ...]
    """Files this import is about to write, or has written."""
    outputs: tuple[str, ...]
    """Files it has written."""
    error_code: str | None
    error_message: str | None
    attempts: int
    earlier_jobs: tuple[int, ...]
    updated_at: str

    @property
    def key(self) -> str:
        """The identity of its row in a view."""
        return f"book:{self.id}" if self.sent or self.job_id is None else f"job:{self.job_id}"

    @classmethod
    def of_row(cls, row: sqlite3.Row, *, folder: Path) -> Book:
        """Read a row of the ledger that lies in a folder."""
        return cls(
            id=row["id"],
            path=_text(row["path"]),
            file=folder / os.fsdecode(row["place"]),
            filename=row["filename"],
            settings=ProcessingSettings.from_wire(json.loads(row["settings"])),
            stem=_text(row["stem"]),
            line=row["line"],
            status=BookStatus(row["status"]),
            sent=_prepared(row),
            job_id=row["job_id"],
            targets=tuple(json.loads(row["targets"])),
            outputs=tuple(json.loads(row["outputs"])),
            error_code=row["error_code"],
            error_message=row["error_message"],
            attempts=row["attempts"],
            earlier_jobs=tuple(json.loads(row["earlier_jobs"])),
            updated_at=row["updated_at"],
        )


def stored(text: str) -> str | bytes:
    """Return a name as it is kept: as bytes where it is no text."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return os.fsencode(text)
    return text


def _text(value: str | bytes) -> str:
    return os.fsdecode(value) if isinstance(value, bytes) else value


def _prepared(row: sqlite3.Row) -> Prepared | None:
    if row["idempotency_key"] is None:
        return None
    return Prepared(
        key=row["idempotency_key"],
        sha256=row["sha256"],
        size_bytes=row["size_bytes"],
        modified_ns=row["modified_ns"],
        page_count=row["page_count"],
    )


def absolute(path: Path) -> str:
    """Write a path as the ledger keeps it."""
    return os.path.abspath(path)  # noqa: PTH100 -- links stay as named
