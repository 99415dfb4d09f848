"""Reads and writes of a ledger. Thread-safe."""

from __future__ import annotations

import json
import os
import sqlite3
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from datetime import datetime
from pathlib import Path
from types import MappingProxyType
from typing import Any, Self

from fnt.errors import UsageError
from fnt.flow.ledger.books import Book, Prepared, Wanted, stored
from fnt.flow.ledger.file import IN_MEMORY, open_file, readable, translated
from fnt.wire.documents import BookStatus
from fnt.wire.jobs import ProcessingSettings
from fnt.wire.times import format_time

PAGE = 200
"""Number of books read at a time, to bound memory use."""


class Ledger:
    """An open ledger. Methods that change it commit before they return."""

    def __init__(self, path: Path, *, now: Callable[[], datetime], create: bool = False) -> None:
        self.path = path
        self._folder = Path(os.path.abspath(path)).parent  # noqa: PTH100 -- does not resolve links
        self._now = now
        self._lock = threading.RLock()
        self._connection = open_file(path, create=create)

    @classmethod
    def in_memory(cls, *, now: Callable[[], datetime]) -> Ledger:
        """Open a ledger in memory, with paths relative to the current folder."""
        return cls(IN_MEMORY, now=now, create=True)

    @property
    def is_file(self) -> bool:
        """Whether it is stored in a file."""
        return self.path != IN_MEMORY

    def copy_to(self, path: Path) -> None:
        """Write a copy to a file."""
        with self._lock, translated(path), closing(sqlite3.connect(path)) as target:
            if self._connection.in_transaction:  # interrupted; a backup would wait for its end
                self._connection.execute("ROLLBACK")
            self._connection.backup(target)

    def copy_from(self, path: Path) -> None:
        """Replace the whole content with that of a file."""
        with self._lock, translated(path), closing(open_file(path, create=False)) as source:
            source.backup(self._connection)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._connection.close()

    def meta(self, name: str) -> str | None:
        """Return a property of the import, or None."""
        row = self._one("SELECT value FROM facts WHERE name = ?", name)
        return None if row is None else str(row["value"])

    def claim(self, *, server: str, user: str) -> None:
        """Bind the ledger to a server and account; raises UsageError if it belongs to another."""
        owner = {"server": server, "user": user}
        found = {name: self.meta(name) or given for name, given in owner.items()}
        if found != owner:
            raise UsageError(
                f"the ledger {self.path} belongs to {found['user']} on {found['server']}, "
                f"but you are {user} on {server}",
                hint="log in there, or start another one with --ledger FILE",
            )
        with self.changing():
            self.keep(owner)

    def keep(self, facts: Mapping[str, str]) -> None:
        """Store properties of the import."""
        with self.changing() as connection:
            connection.executemany("INSERT OR REPLACE INTO facts VALUES (?, ?)", facts.items())

    def begin_run(self, wanted: Iterable[Wanted]) -> int:
        """Add the books of a manifest, all or none; return the number of the run.

        Existing books are not changed. Raises UsageError for a duplicate book.
        """
        with self.changing() as connection:
            run = self._last_run() + 1
            self.keep({"run": str(run)})
            for one in wanted:
                self._take_in(connection, one, run)
        return run

    def take_over(self, run: int) -> None:
        """Add what the server still has of earlier runs, whose files are gone meanwhile."""
        where, values = _where(None, (BookStatus.RUNNING, BookStatus.UNSAVED))
        with self.changing() as connection:
            connection.execute(
                f"UPDATE books SET run = ? WHERE {where} AND run < ?"  # noqa: S608 -- constant names
                " AND stem NOT IN (SELECT stem FROM books WHERE run = ?)",
                (run, *values, run, run),
            )

    def begin_watch(
        self, job_ids: Iterable[int], *, folders: Mapping[int, str] = MappingProxyType({})
    ) -> int:
        """Add jobs without local files; return the number of the run.

        `folders` are those below the output folder, ending in a slash.
        """
        with self.changing() as connection:
            run = self._last_run() + 1
            self.keep({"run": str(run)})
            settings = json.dumps(ProcessingSettings().to_wire(), sort_keys=True)
            for line, job_id in enumerate(job_ids, start=1):
                place, timestamp = f"job:{job_id}".encode(), self._timestamp()
                connection.execute(
                    "INSERT INTO books (place, settings, path, filename, stem, run, line, status,"
                    " job_id, created_at, updated_at)"
                    " VALUES (?, ?, '', '', ?, ?, ?, 'running', ?, ?, ?)",
                    (
                        place,
                        settings,
                        stored(folders.get(job_id, "")),
                        run,
                        line,
                        job_id,
                        timestamp,
                        timestamp,
                    ),
                )
        return run

    def _last_run(self) -> int:
        with readable(self.path):
            return int(self.meta("run") or 0)

    def _take_in(self, connection: sqlite3.Connection, one: Wanted, run: int) -> None:
        place, timestamp = self._place(one.file), self._timestamp()
        path, stem = stored(one.path), stored(one.stem)
        settings = json.dumps(one.settings.to_wire(), sort_keys=True)
        changed = connection.execute(
            "INSERT INTO books (place, settings, path, filename, stem, run, line, created_at,"
            " updated_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (place, settings) DO"
            # The name is part of the request and must not change once its key was used.
            " UPDATE SET filename = CASE status WHEN 'waiting' THEN excluded.filename"
            " ELSE filename END, path = excluded.path, stem = excluded.stem, run = excluded.run,"
            " line = excluded.line WHERE run < excluded.run",
            (place, settings, path, one.filename, stem, run, one.line, timestamp, timestamp),
        ).rowcount
        if changed:
            return
        first = self._one("SELECT * FROM books WHERE place = ? AND settings = ?", place, settings)
        assert first is not None  # it caused the conflict
        if first["stem"] != stem:
            raise UsageError(
                f"line {one.line}: {one.path} is already on line {first['line']}, with the same"
                " settings but another output"
            )

    def same_stem(self, run: int) -> tuple[Book, Book] | None:
        """Return two books of a run with the same result file, or None."""
        row = self._one(
            "SELECT min(id) AS a, max(id) AS b FROM books WHERE run = ? GROUP BY stem"
            " HAVING count(*) > 1 ORDER BY a LIMIT 1",
            run,
        )
        return None if row is None else (self.book(row["a"]), self.book(row["b"]))

    def book(self, number: int) -> Book:
        """Return one book."""
        row = self._one("SELECT * FROM books WHERE id = ?", number)
        assert row is not None  # books are never deleted
        return self._book(row)

    def books(
        self, *, run: int | None = None, statuses: Sequence[BookStatus] = ()
    ) -> Iterator[Book]:
        """Yield books in order, of one run or all; they may be changed during iteration."""
        last = 0
        where, values = _where(run, statuses)
        while True:
            rows = self._all(
                f"SELECT * FROM books WHERE {where} AND id > ? ORDER BY id LIMIT {PAGE}",  # noqa: S608
                *values,
                last,
            )
            yield from map(self._book, rows)
            if len(rows) < PAGE:
                return
            last = rows[-1]["id"]

    def counts(self, *, run: int | None = None) -> dict[BookStatus, int]:
        """Return the number of books by status, of one run or all."""
        where, values = _where(run, ())
        rows = self._all(
            f"SELECT status, count(*) AS n FROM books WHERE {where} GROUP BY status",  # noqa: S608
            *values,
        )
        with readable(self.path):
            found = {BookStatus(row["status"]): int(row["n"]) for row in rows}
        return {status: found[status] for status in BookStatus if status in found}

    def sending(self, book: Book, sent: Prepared) -> None:
        """Record a request before it is sent."""
        self._change(
            book.id,
            status=BookStatus.SENDING,
            idempotency_key=sent.key,
            sha256=sent.sha256,
            size_bytes=sent.size_bytes,
            modified_ns=sent.modified_ns,
            page_count=sent.page_count,
        )

    def running(self, book: Book, job_id: int) -> None:
        """Record the job of a book."""
        self._change(
            book.id, status=BookStatus.RUNNING, job_id=job_id, error_code=None, error_message=None
        )

    def unsaved(self, book: Book, targets: Sequence[str]) -> None:
        """Record a completed job and the files about to be written."""
        self._change(book.id, status=BookStatus.UNSAVED, targets=json.dumps(targets))

    def done(self, book: Book, outputs: Sequence[str]) -> None:
        """Record that all requested files are saved."""
        self._change(
            book.id,
            status=BookStatus.DONE,
            outputs=json.dumps(outputs),
            targets=json.dumps(outputs),
            error_code=None,
            error_message=None,
        )

    def same_bytes(self, book: Book, *, modified_ns: int) -> None:
        """Record that only the modification time of a file changed."""
        self._change(book.id, modified_ns=modified_ns)

    def record_error(
        self, book: Book, *, code: str | None, message: str, status: BookStatus | None = None
    ) -> None:
        """Record an error; without a status, the book's status stays the same."""
        changes = {} if status is None else {"status": status}
        text = message.encode("utf-8", "replace").decode()  # may quote an invalid name
        self._change(book.id, error_code=code, error_message=text, **changes)

    def again(self, statuses: Sequence[BookStatus], *, book: Book | None = None) -> int:
        """Reset books, or one of them, for a new attempt with a new key; return how many."""
        where, values = _where(None, statuses)
        if book is not None:
            where, values = f"{where} AND id = ?", [*values, book.id]
        with self.changing() as connection:
            return connection.execute(
                # Files already written stay targets: the new result replaces them.
                "UPDATE books SET status = 'waiting', outputs = '[]', idempotency_key = NULL,"  # noqa: S608
                " job_id = NULL,"
                " error_code = NULL, error_message = NULL, attempts = attempts + 1,"
                " earlier_jobs = CASE WHEN job_id IS NULL THEN earlier_jobs"
                " ELSE json_insert(earlier_jobs, '$[#]', job_id) END,"
                f" updated_at = ? WHERE {where}",
                (self._timestamp(), *values),
            ).rowcount

    @contextmanager
    def changing(self) -> Iterator[sqlite3.Connection]:
        """Run a transaction; a nested one joins the outer one."""
        with self._lock, translated(self.path):
            if self._connection.in_transaction:
                yield self._connection
                return
            try:
                self._connection.execute("BEGIN IMMEDIATE")  # an interrupt may follow at once
                yield self._connection
                self._connection.execute("COMMIT")
            except BaseException:
                if self._connection.in_transaction:
                    self._connection.execute("ROLLBACK")
                raise

    def _change(self, number: int, **columns: Any) -> None:
        columns["updated_at"] = self._timestamp()
        names = ", ".join(f"{name} = ?" for name in columns)
        with self.changing() as connection:
            connection.execute(
                f"UPDATE books SET {names} WHERE id = ?",  # noqa: S608 -- constant names
                (*columns.values(), number),
            )

    def _one(self, query: str, *values: Any) -> sqlite3.Row | None:
        rows = self._all(query, *values)
        return rows[0] if rows else None

    def _all(self, query: str, *values: Any) -> list[sqlite3.Row]:
        with self._lock, translated(self.path):
            return self._connection.execute(query, values).fetchall()

    def _book(self, row: sqlite3.Row) -> Book:
        with readable(self.path):
            return Book.of_row(row, folder=self._folder)

    def _place(self, file: Path) -> bytes:
        """Return a path relative to the ledger, so that both can be moved together."""
        try:
            place = os.path.relpath(file, self._folder)
        except ValueError:  # on another Windows drive
            place = os.path.abspath(file)  # noqa: PTH100 -- does not resolve links
        return os.fsencode(place)

    def _timestamp(self) -> str:
        return format_time(self._now())


def _where(run: int | None, statuses: Sequence[BookStatus]) -> tuple[str, list[Any]]:
    parts, values = ["1"], list[Any]()
    if run is not None:
        parts.append("run = ?")
        values.append(run)
    if statuses:
        parts.append(f"status IN ({', '.join('?' * len(statuses))})")
        values += statuses
    return " AND ".join(parts), values
