"""Saving the results of jobs while they are watched."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from fnt.api.client import ApiClient
from fnt.errors import FntError, UsageError
from fnt.progress import Row, Saved, SaveFailed
from fnt.results import extension, result_name, save_result


@dataclass(frozen=True, slots=True, kw_only=True)
class Saving:
    """Where results go, and in which formats."""

    folder: Path
    formats: tuple[str, ...]
    overwrite: bool = False
    named: Mapping[str, Path] = field(default_factory=dict)
    """Stems chosen before sending, by the row's key; other rows are named after their job."""

    def target(self, row: Row, format: str) -> Path:
        """Return the file, or the folder in which the result finds a name of its own."""
        stem = self.named.get(row.key)
        return self.folder if stem is None else stem.with_name(f"{stem.name}.{extension(format)}")


class Saver:
    """Saves completed jobs, one after the other. Keeps why it could not."""

    def __init__(self, api: ApiClient, saving: Saving) -> None:
        self._api = api
        self._saving = saving
        self.errors: list[FntError] = []

    def save(self, row: Row) -> Iterator[Saved | SaveFailed]:
        """Save a completed row in every format."""
        if row.job is None:
            return
        for format in self._saving.formats:
            try:
                path = save_result(
                    self._api,
                    row.job,
                    format=format,
                    target=self._saving.target(row, format),
                    overwrite=self._saving.overwrite,
                )
            except FntError as error:
                self.errors.append(error)
                yield SaveFailed(job_id=row.job.id, message=error.message)
                return
            yield Saved(job_id=row.job.id, path=path)


def prepare_folder(folder: Path) -> None:
    """Make the folder for results before anything is sent."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UsageError(f"{folder} cannot be used as a folder: {error.strerror}") from error


def planned_names(
    filenames: Mapping[str, str], *, folder: Path, formats: Sequence[str], overwrite: bool
) -> dict[str, Path]:
    """Choose the stem of each result by row key; refuses a target that collides or exists."""
    owners: dict[Path, str] = {}
    stems = {}
    for key, filename in filenames.items():
        for format in formats:
            target = folder / result_name(filename, job_id=None, format=format)
            if target in owners:
                raise UsageError(
                    f"{owners[target]} and {filename} would both be saved as {target}",
                    hint="upload them in two runs with -o of their own, or use --no-save",
                )
            if target.exists() and not overwrite:
                raise UsageError(f"{target} exists", hint="use --overwrite, -o DIR or --no-save")
            owners[target] = filename
            stems[key] = target.with_suffix("")
    return stems
