"""A book of a bulk import: what is requested, and its status."""

from __future__ import annotations

import json
import os
import sqlite3
from dataclasses import dataclass
from pathlib import Path

from fnt.wire.documents import BookStatus
from fnt.wire.jobs import ProcessingSettings

OPEN = (BookStatus.WAITING, BookStatus.SENDING, BookStatus.RUNNING, BookStatus.UNSAVED)
"""Statuses that running the same command again continues."""
FAILED = (BookStatus.FAILED, BookStatus.CANCELLED, BookStatus.REFUSED, BookStatus.CHANGED)
"""Statuses that only `batch retry` continues."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """One line of a manifest."""

    path: str
    """The path as given."""
    file: Path
    filename: str
    """The name sent to the server."""
    settings: ProcessingSettings
    stem: str
    """Path of the result below the output folder, without extension."""
    line: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """The recorded request, apart from name and settings, kept so that it can be repeated."""

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
    """Files this import has written or is about to write."""
    outputs: tuple[str, ...]
    """Files it has written."""
    error_code: str | None
    error_message: str | None
    attempts: int
    earlier_jobs: tuple[int, ...]
    updated_at: str

    @property
    def key(self) -> str:
        """The key of its row in a view."""
        return f"book:{self.id}" if self.sent or self.job_id is None else f"job:{self.job_id}"

    @classmethod
    def of_row(cls, row: sqlite3.Row, *, folder: Path) -> Book:
        """Create a book from a row of a ledger in `folder`."""
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
    """Return a name as it is stored: as bytes if it is not valid Unicode."""
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
    """Return an absolute path, as stored in the ledger."""
    return os.path.abspath(path)  # noqa: PTH100 -- does not resolve links
