"""Saving what the books of a ledger lack."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from fnt.api.client import ApiClient
from fnt.api.retry import Retry
from fnt.errors import FntError, TemporaryError
from fnt.flow.ledger import Book, Ledger
from fnt.flow.ledger.books import absolute
from fnt.flow.results.destination import Destination, prepare_folder
from fnt.flow.results.download import save_result
from fnt.flow.results.output_plan import OutputPlan
from fnt.flow.results.saver import Saver, Saving
from fnt.progress import Row, Saved, SaveFailed
from fnt.wire.jobs import JobSnapshot

SAVE_RETRY = Retry(tries=20)
"""How long a result is waited for."""


class LedgerSaver(Saver):
    """Saves what a book lacks. A file the ledger has announced is its own to replace."""

    def __init__(
        self, api: ApiClient, output_plan: OutputPlan, *, ledger: Ledger, in_flight: dict[str, Book]
    ) -> None:
        super().__init__(
            api, Saving(to=Destination(folder=output_plan.folder), formats=output_plan.formats)
        )
        self._output_plan = output_plan
        self._ledger = ledger
        self._under_way = in_flight

    def save(self, row: Row) -> Iterator[Saved | SaveFailed]:
        """Save a completed book in every format; what is there already is told as well."""
        if row.job is None:
            return
        job, book = row.job, self._under_way[row.key]
        own = {*book.targets, *book.outputs}
        targets = self._output_plan.targets(book)
        self._ledger.unsaved(book, sorted(own | {absolute(path) for _, path in targets}))
        missing = self._output_plan.missing(book)
        for format, path in targets:
            try:
                if path in missing:
                    replaces = self._output_plan.overwrite or absolute(path) in own
                    self._save_with_retries(job, book, format, path, overwrite=replaces)
            except FntError as error:
                self.errors.append(error)
                # Of those that were announced only these are ours.
                written = {absolute(saved) for saved in row.saved} | set(book.outputs)
                self._ledger.unsaved(book, sorted(written))
                yield SaveFailed(job_id=job.id, message=error.message, key=row.key)
                return
            row = replace(row, saved=(*row.saved, path))
            yield Saved(job_id=job.id, path=path, key=row.key)

    def _save_with_retries(
        self, job: JobSnapshot, book: Book, format: str, path: Path, *, overwrite: bool
    ) -> None:
        """Save one file; a server that is away for a moment is waited for."""
        prepare_folder(path.parent)
        started_at, failures = SAVE_RETRY.clock(), 0
        while True:
            try:
                save_result(
                    self._api,
                    job,
                    format=format,
                    target=path,
                    overwrite=overwrite,
                    draft=f"book-{book.id}-{job.id}.{format}",
                )
            except TemporaryError as error:
                failures += 1
                if not SAVE_RETRY.wait(error, failures, started_at=started_at):
                    raise
            else:
                return
