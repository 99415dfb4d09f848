"""Saves the results of completed jobs and records that in the ledger."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path

from fnt.api.client import ApiClient
from fnt.errors import FntError, TemporaryError
from fnt.flow.ledger import Book, Ledger
from fnt.flow.ledger.books import absolute
from fnt.flow.results.download import Result, save_result
from fnt.flow.results.output_plan import OutputPlan, prepare_folder
from fnt.progress import Row, Saved, SaveFailed
from fnt.wire.jobs import JobSnapshot


class Saver:
    """Saves missing results one by one, and keeps errors for retries.

    It may replace files that are recorded in the ledger.
    """

    def __init__(
        self,
        api: ApiClient,
        output_plan: OutputPlan,
        *,
        ledger: Ledger,
        in_flight: Mapping[str, Book],
    ) -> None:
        self._api = api
        self._output_plan = output_plan
        self._ledger = ledger
        self._in_flight = in_flight
        self.errors: list[FntError] = []
        self.pending: dict[str, TemporaryError] = {}
        """Temporary errors of rows to retry, by row key."""

    def save(self, row: Row) -> Iterator[Saved | SaveFailed]:
        """Save a completed job in every format that is not saved yet.

        Also yields files saved earlier. If the server is unreachable, the row stays pending.
        """
        self.pending.pop(row.key, None)
        book, job = self._in_flight.get(row.key), row.job
        if job is None or book is None:
            return
        own_files = {*book.targets, *book.outputs}
        targets = self._output_plan.targets(book)
        self._ledger.unsaved(book, sorted(own_files | {absolute(path) for _, path in targets}))
        missing = self._output_plan.missing(book)
        for format, path in targets[len(row.saved) :]:
            try:
                saved = self._save(row, job, book, format, path) if path in missing else path
            except TemporaryError as error:
                self.pending[row.key] = error
                return
            except FntError as error:
                yield self._failed(row, job, book, error)
                return
            row = replace(row, saved=(*row.saved, saved))
            yield Saved(job_id=job.id, path=saved, key=row.key)

    def give_up(self, row: Row) -> SaveFailed:
        """Stop retrying a row; its result stays on the server."""
        assert row.job is not None  # because it has completed
        return self._failed(row, row.job, self._in_flight[row.key], self.pending[row.key])

    def _failed(self, row: Row, job: JobSnapshot, book: Book, error: FntError) -> SaveFailed:
        self.errors.append(error)
        # Of the recorded targets, only these were written by us.
        written = {absolute(path) for path in row.saved} | set(book.outputs)
        self._ledger.unsaved(book, sorted(written))
        return SaveFailed(job_id=job.id, message=error.message, key=row.key)

    def _save(self, row: Row, job: JobSnapshot, book: Book, format: str, path: Path) -> Path:
        is_own = absolute(path) in {*book.targets, *book.outputs}
        prepare_folder(path.parent)
        return save_result(
            Result(self._api, job, format),
            target=path,
            overwrite=self._output_plan.overwrite or is_own,
            may_be_there=row.is_skipped or book.is_remembered,
            # After a crash, the next run finds it through the ledger.
            draft=f"book-{book.id}-{job.id}.{format}" if self._ledger.is_file else None,
        )
