"""What can be noted in a ledger, and asked of it. Safe to use from several threads."""

from __future__ import annotations

import json
import os
import sqlite3
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any, Self

from fnt.errors import UsageError
from fnt.flow.ledger.books import Book, Prepared, Wanted, stored
from fnt.flow.ledger.file import IN_MEMORY, open_file, translated
from fnt.wire.documents import BookStatus
from fnt.wire.jobs import ProcessingSettings
from fnt.wire.times import format_time

PAGE = 200
"""Books read at a time, so that memory does not grow with their number."""


class Ledger:
    """An open ledger. Each method that notes something has committed it when it returns."""

    def __init__(self, path: Path, *, now: Callable[[], datetime], create: bool = False) -> None:
        self.path = path
        self._folder = Path(os.path.abspath(path)).parent  # noqa: PTH100 -- links stay as named
        self._now = now
        self._lock = threading.RLock()
        self._connection = open_file(path, create=create)

    @classmethod
    def in_memory(cls, *, now: Callable[[], datetime]) -> Ledger:
        """Open a ledger that lasts as long as this process, seen from the current folder."""
        return cls(IN_MEMORY, now=now, create=True)

    @property
    def is_file(self) -> bool:
        """Whether it outlives this process."""
        return self.path != IN_MEMORY

    def copy_to(self, path: Path) -> None:
        """Write a copy of it as a file."""
        with self._lock, translated(path), closing(sqlite3.connect(path)) as target:
            self._connection.backup(target)

    def copy_from(self, path: Path) -> None:
        """Take the place of everything in it by what a file holds."""
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
        """Return something kept of the import as a whole."""
        row = self._one("SELECT value FROM facts WHERE name = ?", name)
        return None if row is None else str(row["value"])

    def claim(self, *, server: str, user: str) -> None:
        """Bind the ledger to a server and an account; UsageError when it is another's."""
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
        """Note facts of the import as a whole."""
        with self.changing() as connection:
            connection.executemany("INSERT OR REPLACE INTO facts VALUES (?, ?)", facts.items())

    def begin_run(self, wanted: Iterable[Wanted]) -> int:
        """Take in what a manifest names, all or nothing; returns the number of the run.

        What is in the ledger stays as it is. Raises UsageError for a book that is named twice.
        """
        with self.changing() as connection:
            run = int(self.meta("run") or 0) + 1
            self.keep({"run": str(run)})
            for one in wanted:
                self._take_in(connection, one, run)
        return run

    def begin_watch(self, job_ids: Iterable[int]) -> int:
        """Take in jobs of which there is no file here; returns the number of the run."""
        with self.changing() as connection:
            run = int(self.meta("run") or 0) + 1
            self.keep({"run": str(run)})
            settings = json.dumps(ProcessingSettings().to_wire(), sort_keys=True)
            for line, job_id in enumerate(job_ids, start=1):
                place, timestamp = f"job:{job_id}".encode(), self._timestamp()
                connection.execute(
                    "INSERT INTO books (place, settings, path, filename, stem, run, line, status,"
                    " job_id, created_at, updated_at)"
                    " VALUES (?, ?, '', '', '', ?, ?, 'running', ?, ?, ?)",
                    (place, settings, run, line, job_id, timestamp, timestamp),
                )
        return run

    def _take_in(self, connection: sqlite3.Connection, one: Wanted, run: int) -> None:
        place, timestamp = self._place(one.file), self._timestamp()
        path, stem = stored(one.path), stored(one.stem)
        settings = json.dumps(one.settings.to_wire(), sort_keys=True)
        changed = connection.execute(
            "INSERT INTO books (place, settings, path, filename, stem, run, line, created_at,"
            " updated_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (place, settings) DO"
            # The name belongs to the request: it may not change under a key that was used.
            " UPDATE SET filename = CASE status WHEN 'waiting' THEN excluded.filename"
            " ELSE filename END, path = excluded.path, stem = excluded.stem, run = excluded.run,"
            " line = excluded.line WHERE run < excluded.run",
            (place, settings, path, one.filename, stem, run, one.line, timestamp, timestamp),
        ).rowcount
        if changed:
            return
        first = self._one("SELECT * FROM books WHERE place = ? AND settings = ?", place, settings)
        assert first is not None  # it was in the way
        if first["stem"] != stem:
            raise UsageError(
                f"line {one.line}: {one.path} is already on line {first['line']}, with the same"
                " settings but another output"
            )

    def same_stem(self, run: int) -> tuple[Book, Book] | None:
        """Return two books of a run whose results would be one file."""
        row = self._one(
            "SELECT min(id) AS a, max(id) AS b FROM books WHERE run = ? GROUP BY stem"
            " HAVING count(*) > 1 ORDER BY a LIMIT 1",
            run,
        )
        return None if row is None else (self.book(row["a"]), self.book(row["b"]))

    def book(self, number: int) -> Book:
        """Return one book."""
        row = self._one("SELECT * FROM books WHERE id = ?", number)
        assert row is not None  # books are never removed
        return Book.of_row(row, folder=self._folder)

    def books(
        self, *, run: int | None = None, statuses: Sequence[BookStatus] = ()
    ) -> Iterator[Book]:
        """Yield books in their order, of one run or all; they may be changed meanwhile."""
        last = 0
        where, values = _where(run, statuses)
        while True:
            rows = self._all(
                f"SELECT * FROM books WHERE {where} AND id > ? ORDER BY id LIMIT {PAGE}",  # noqa: S608
                *values,
                last,
            )
            yield from (Book.of_row(row, folder=self._folder) for row in rows)
            if len(rows) < PAGE:
                return
            last = rows[-1]["id"]

    def counts(self, *, run: int | None = None) -> dict[BookStatus, int]:
        """Count the books of one run, or all, by status."""
        where, values = _where(run, ())
        rows = self._all(
            f"SELECT status, count(*) AS n FROM books WHERE {where} GROUP BY status",  # noqa: S608
            *values,
        )
        found = {BookStatus(row["status"]): int(row["n"]) for row in rows}
        return {status: found[status] for status in BookStatus if status in found}

    def sending(self, book: Book, sent: Prepared) -> None:
        """Note what will be asked of the server, before it is."""
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
        """Note the job a book has become."""
        self._change(
            book.id, status=BookStatus.RUNNING, job_id=job_id, error_code=None, error_message=None
        )

    def unsaved(self, book: Book, targets: Sequence[str]) -> None:
        """Note a completed job, and which files are about to be written."""
        self._change(book.id, status=BookStatus.UNSAVED, targets=json.dumps(targets))

    def done(self, book: Book, outputs: Sequence[str]) -> None:
        """Note that everything wanted is on disk."""
        self._change(
            book.id,
            status=BookStatus.DONE,
            outputs=json.dumps(outputs),
            targets=json.dumps(outputs),
            error_code=None,
            error_message=None,
        )

    def same_bytes(self, book: Book, *, modified_ns: int) -> None:
        """Note that a file was touched and is the same."""
        self._change(book.id, modified_ns=modified_ns)

    def record_error(
        self, book: Book, *, code: str | None, message: str, status: BookStatus | None = None
    ) -> None:
        """Note what went wrong; without a status the book stays where it is."""
        changes = {} if status is None else {"status": status}
        text = message.encode("utf-8", "replace").decode()  # it may quote a name that is no text
        self._change(book.id, error_code=code, error_message=text, **changes)

    def again(self, statuses: Sequence[BookStatus], *, book: Book | None = None) -> int:
        """Let books begin anew, or one of them, under keys of their own; returns how many."""
        where, values = _where(None, statuses)
        if book is not None:
            where, values = f"{where} AND id = ?", [*values, book.id]
        with self.changing() as connection:
            return connection.execute(
                # What it has written stays a target: the new result takes its place.
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
        """Change several things at once, or none; within another change, as a part of it."""
        with self._lock, translated(self.path):
            if self._connection.in_transaction:
                yield self._connection
                return
            self._connection.execute("BEGIN IMMEDIATE")
            try:
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
                f"UPDATE books SET {names} WHERE id = ?",  # noqa: S608 -- names of this module
                (*columns.values(), number),
            )

    def _one(self, query: str, *values: Any) -> sqlite3.Row | None:
        rows = self._all(query, *values)
        return rows[0] if rows else None

    def _all(self, query: str, *values: Any) -> list[sqlite3.Row]:
        with self._lock, translated(self.path):
            return self._connection.execute(query, values).fetchall()

    def _place(self, file: Path) -> bytes:
        """Return where a file lies, as seen from the ledger: both may be moved together."""
        try:
            place = os.path.relpath(file, self._folder)
        except ValueError:  # another drive of Windows
            place = os.path.abspath(file)  # noqa: PTH100 -- links stay as named
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
