"""A book of a bulk import: what is requested, and its status."""

from __future__ import annotations

import json
import os
import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import NoneType
from typing import TypeVar

from fnt.wire.documents import BookStatus
from fnt.wire.jobs import ProcessingSettings

OPEN = (BookStatus.WAITING, BookStatus.SENDING, BookStatus.RUNNING, BookStatus.UNSAVED)
"""Statuses that running the same command again continues."""
FAILED = (BookStatus.FAILED, BookStatus.CANCELLED, BookStatus.REFUSED, BookStatus.CHANGED)
"""Statuses that only `batch retry` continues."""


T = TypeVar("T")

_NAMES = dict.fromkeys(("path", "stem"), (str, bytes))
_TEXTS = dict.fromkeys(("filename", "updated_at"), (str,))
_NUMBERS = dict.fromkeys(("line", "attempts"), (int,))
_TEXTS_OR_NONE = dict.fromkeys(
    ("idempotency_key", "sha256", "error_code", "error_message"), (str, NoneType)
)
_NUMBERS_OR_NONE = dict.fromkeys(
    ("size_bytes", "modified_ns", "page_count", "job_id"), (int, NoneType)
)
_COLUMNS: Mapping[str, tuple[type, ...]] = {
    **_NAMES, **_TEXTS, **_NUMBERS, **_TEXTS_OR_NONE, **_NUMBERS_OR_NONE,
}  # fmt: skip
"""What a column holds; SQLite itself takes anything."""


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
    """The recorded request, except name and settings, stored so it can be repeated."""

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
    """As in `Wanted`; for a job that was remembered until saved, a folder ending in a slash."""
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

    @property
    def is_remembered(self) -> bool:
        """Whether an earlier run left its result unsaved, or was ended when it had just saved."""
        return self.stem.endswith("/")

    @property
    def is_named_later(self) -> bool:
        """Whether the result goes into a folder under its own name."""
        return not self.stem or self.is_remembered

    @property
    def error_text(self) -> str:
        """Why it failed: message and code."""
        code = f" [{self.error_code}]" if self.error_code else ""
        return f"{self.error_message or ''}{code}"

    @classmethod
    def of_row(cls, row: sqlite3.Row, *, folder: Path) -> Book:
        """Create a book from a row of a ledger in `folder`.

        Raises LookupError, ValueError or TypeError for a row that no ledger of ours holds.
        """
        for name, kinds in _COLUMNS.items():
            if not isinstance(row[name], kinds):
                raise TypeError(name)
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
            targets=_list(row["targets"], str),
            outputs=_list(row["outputs"], str),
            error_code=row["error_code"],
            error_message=row["error_message"],
            attempts=row["attempts"],
            earlier_jobs=_list(row["earlier_jobs"], int),
            updated_at=row["updated_at"],
        )


def stored(text: str) -> str | bytes:
    """Return a name as it is stored: as bytes if it is not valid Unicode."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return os.fsencode(text)
    return text


def _list(text: str, kind: type[T]) -> tuple[T, ...]:
    found = json.loads(text)
    if not isinstance(found, list) or not all(isinstance(item, kind) for item in found):
        raise TypeError(text)
    return tuple(found)


def _text(value: str | bytes) -> str:
    return os.fsdecode(value) if isinstance(value, bytes) else value


def _prepared(row: sqlite3.Row) -> Prepared | None:
    if row["idempotency_key"] is None:
        return None
    if None in (row["sha256"], row["size_bytes"], row["modified_ns"]):
        raise TypeError("a key without its request")
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
