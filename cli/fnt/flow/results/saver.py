"""Saving the results of jobs while they are watched."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from fnt.api.client import ApiClient
from fnt.errors import FntError, TemporaryError, UsageError
from fnt.files import write_errors
from fnt.flow.results.destination import Destination, prepare_folder
from fnt.flow.results.download import save_result
from fnt.flow.results.names import extension
from fnt.progress import Row, Saved, SaveFailed


@dataclass(frozen=True, slots=True, kw_only=True)
class Saving:
    """Where results go, and in which formats."""

    to: Destination
    formats: tuple[str, ...]
    overwrite: bool = False
    named: Mapping[str, Path] = field(default_factory=dict)
    """Stems chosen before sending, by the row's key; other rows are named after their job."""

    def target(self, key: str, format: str) -> Path:
        """Return the file, or the folder in which the result finds a name of its own."""
        stem = self.named.get(key)
        if self.to.file is not None:
            return self.to.file
        if stem is None:
            return self.to.folder
        return stem.with_name(f"{stem.name}.{extension(format)}")

    def targets(self, key: str) -> tuple[Path, ...]:
        """Return where the results of a row go."""
        return tuple(self.target(key, format) for format in self.formats)

    def refuse_taken_file(self) -> None:
        """Refuse a file that was named and exists."""
        if self.to.file is not None and is_taken(self.to.file) and not self.overwrite:
            raise UsageError(f"{self.to.file} exists", hint="use --overwrite to replace it")

    def prepare(self) -> None:
        """Make every folder before anything is sent."""
        for folder in {self.to.folder, *(stem.parent for stem in self.named.values())}:
            prepare_folder(folder)


class Saver:
    """Saves completed jobs, one after the other. Keeps why it could not."""

    def __init__(self, api: ApiClient, saving: Saving) -> None:
        self._api = api
        self._saving = saving
        self.errors: list[FntError] = []
        self.pending: dict[str, tuple[Row, TemporaryError]] = {}
        """Rows to be saved once the server is back, by key."""
        self._done: set[tuple[str, str]] = set()

    def save(self, row: Row) -> Iterator[Saved | SaveFailed]:
        """Save a completed row in every format; it stays pending where the server is away."""
        self.pending.pop(row.key, None)
        if row.job is None:
            return
        for format in self._saving.formats:
            if (row.key, format) in self._done:
                continue
            try:
                path = save_result(
                    self._api,
                    row.job,
                    format=format,
                    target=self._saving.target(row.key, format),
                    overwrite=self._saving.overwrite,
                    may_be_there=row.is_skipped,
                )
            except TemporaryError as error:
                self.pending[row.key] = row, error
                return
            except FntError as error:
                self.errors.append(error)
                yield SaveFailed(job_id=row.job.id, message=error.message, key=row.key)
                return
            self._done.add((row.key, format))
            yield Saved(job_id=row.job.id, path=path, key=row.key)

    def pending_ids(self) -> list[int]:
        """Return the jobs whose results are still to be saved."""
        return sorted(row.job.id for row, _ in self.pending.values() if row.job is not None)

    def give_up(self) -> Iterator[SaveFailed]:
        """Tell of what is still pending; it stays on the server."""
        for row, error in self.pending.values():
            assert row.job is not None
            self.errors.append(error)
            yield SaveFailed(job_id=row.job.id, message=error.message, key=row.key)


def is_taken(path: Path) -> bool:
    """Whether there is such a file; raises UsageError where there can be none."""
    with write_errors(path):
        try:
            path.lstat()
        except (FileNotFoundError, NotADirectoryError):
            return False
    return True
