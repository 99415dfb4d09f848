"""Downloads of results: atomic, with file names that are safe on any system."""

from __future__ import annotations

import contextlib
import filecmp
import math
import os
import tempfile
from collections.abc import Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Protocol

from fnt.errors import (
    AllFailedError,
    NotFoundError,
    ProtocolError,
    TargetExistsError,
    TemporaryError,
    UsageError,
)
from fnt.files import new_file, reason_of, replaced_file, temporary_file
from fnt.flow.results.chapters import Chapter, iter_chapters
from fnt.flow.results.file_names import result_name, safe_stem
from fnt.flow.results.result_formats import LOCAL_FORMATS, make, read_sentences
from fnt.flow.results.selection import EVERYTHING, Selection
from fnt.output.sanitize import harmless_pieces
from fnt.wire.job_status import JobStatus
from fnt.wire.jobs import JobSnapshot
from fnt.wire.results import iter_result

TRIES = 3
NOT_FINISHED = "NOT_FINISHED"
RESULT_HEAD_BYTES = 1024 * 1024
MAX_SENTENCE_BYTES = 32 * 1024
"""A sentence with its source and what belongs to it, on average over a book."""


class ResultSource(Protocol):
    """The part of the API client that is used here."""

    def iter_result(self, job_id: int, format: str) -> AbstractContextManager[Iterator[bytes]]:
        """Stream a result as blocks of bytes."""
        ...


class JobSource(Protocol):
    """The part of the API client that finds a job."""

    def get_job(self, job_id: int) -> JobSnapshot | None:
        """Return the current state of a job."""
        ...


@dataclass(frozen=True, slots=True)
class Result:
    """The result of a job in a format, or a part of it."""

    source: ResultSource
    job: JobSnapshot
    format: str
    selection: Selection = EVERYTHING

    @property
    def title(self) -> str:
        """The book's name."""
        return safe_stem(self.job.original_filename) or f"job {self.job.id}"

    @property
    def file_name(self) -> str:
        """The name of its file in a folder."""
        name = result_name(self.job.original_filename, job_id=self.job.id, format=self.format)
        stem, _, ending = name.rpartition(".")
        return f"{stem}{self.selection.label}.{ending}"

    def write(self, part: Path, *, draft: str | None = None) -> None:
        """Download it to a new file, or make it from a format that the server has."""
        if self.format not in LOCAL_FORMATS and not self.selection:
            _fetch(self.source, self.job, format=self.format, part=part)
            return
        with temporary_file(part, stem=f"{draft}-lines" if draft else None) as lines:
            _fetch(self.source, self.job, format="jsonl", part=lines)
            if self.format in LOCAL_FORMATS:
                make(self.format, lines, part, title=self.title, selection=self.selection)
            else:
                _select(self, lines, part)


def save_result(
    result: Result,
    *,
    target: Path,
    overwrite: bool,
    may_be_there: bool = False,
    draft: str | None = None,
) -> Path:
    """Save a result to a file, or to a folder under a derived name; return the path.

    In a folder, an existing name becomes `<stem>-<job id>`; an existing file raises
    TargetExistsError. With `may_be_there`, a file that holds the same result is kept instead.
    `draft` is a fixed name for the temporary file, so that a later run can delete what a killed
    one left.
    """
    if may_be_there and not overwrite and os.path.isfile(target):  # noqa: PTH113 -- never raises
        return _seen(result, target)
    if os.path.isdir(target):  # noqa: PTH112 -- never raises
        path = target / result.file_name
        if may_be_there and not overwrite and _holds(result, path):
            return path
        return _save_into(result, target, overwrite=overwrite)
    return _save(result, target, overwrite=overwrite, draft=draft)


def _seen(result: Result, path: Path) -> Path:
    """Return an already saved file; raises TargetExistsError if its content differs."""
    if not _is_dated(result) and not _is_same(result, path):
        raise TargetExistsError(f"{path} exists with different content", hint="use --overwrite")
    return path


def _holds(result: Result, path: Path) -> bool:
    """Return whether a file is there with the same result, which a dated one cannot show."""
    is_there = os.path.isfile(path)  # noqa: PTH113 -- never raises
    return is_there and not _is_dated(result) and _is_same(result, path)


def _is_dated(result: Result) -> bool:
    local = LOCAL_FORMATS.get(result.format)
    return local is not None and local.is_dated


def _is_same(result: Result, path: Path) -> bool:
    try:
        with temporary_file(path) as part:
            result.write(part)
            return filecmp.cmp(part, path, shallow=False)
    except OSError as error:
        raise UsageError(f"{path} cannot be compared: {reason_of(error)}") from error


def _select(result: Result, lines: Path, part: Path) -> None:
    """Write a part of a result in a format of the server."""
    job = result.job
    document = {
        "original_filename": job.original_filename,
        "sha256": job.sha256,
        "page_count": job.page_count,
    }
    pieces = iter_result(
        read_sentences(lines, result.selection),
        format=result.format,
        document=document,
        settings=job.processing_settings.to_wire(),
    )
    with part.open("x", encoding="utf-8", newline="") as file:
        file.writelines(pieces)


def completed_job(api: JobSource, job_id: int) -> JobSnapshot:
    """Return a job that has a result; raises AllFailedError or TemporaryError for another."""
    job = api.get_job(job_id)
    assert job is not None  # only a conditional request can return None
    if job.status is JobStatus.COMPLETED:
        return job
    if job.status.is_terminal:
        reason = f": {job.error_message}" if job.error_message else ""
        raise AllFailedError(f"job {job_id} {job.status}{reason}", code=job.error_code)
    raise TemporaryError(
        f"job {job_id} has not finished yet", hint=f"fnt watch {job_id}", code=NOT_FINISHED
    )


def chapters_of(result: Result) -> list[Chapter]:
    """Return the chapters of a result in the format `jsonl`."""
    with tempfile.TemporaryDirectory(prefix="fnt-") as folder:
        lines = Path(folder, "lines")
        result.write(lines)
        return list(iter_chapters(read_sentences(lines)))


def most_bytes(job: JobSnapshot) -> float:
    """Return how large the result of a job can be, in bytes, by what the server says of it."""
    if job.sentence_count is None:
        return math.inf
    return RESULT_HEAD_BYTES + job.sentence_count * MAX_SENTENCE_BYTES


def _save_into(result: Result, folder: Path, *, overwrite: bool) -> Path:
    path = folder / result.file_name
    with contextlib.suppress(TargetExistsError):
        return _save(result, path, overwrite=overwrite)
    other = path.with_name(f"{path.stem}-{result.job.id}{path.suffix}")
    return _save(result, other, overwrite=overwrite)


def _save(result: Result, path: Path, *, overwrite: bool, draft: str | None = None) -> Path:
    if not overwrite:
        _refuse_existing(path)
    try:
        with (replaced_file if overwrite else new_file)(path, stem=draft) as part:
            result.write(part, draft=draft)
    except FileExistsError as error:
        raise _taken(path) from error
    except FileNotFoundError as error:
        raise NotFoundError(f"folder {path.parent} not found") from error
    except OSError as error:
        raise UsageError(f"{path} cannot be written: {reason_of(error)}") from error
    return path


def _refuse_existing(path: Path) -> None:
    if os.path.lexists(path):
        raise _taken(path)


def _taken(path: Path) -> TargetExistsError:
    return TargetExistsError(f"{path} exists", hint="use --overwrite to replace it")


def _fetch(source: ResultSource, job: JobSnapshot, *, format: str, part: Path) -> None:
    """Download a complete result, retrying if the connection breaks."""
    with part.open("xb") as file:
        for last in (False,) * (TRIES - 1) + (True,):
            try:
                _copy(source, job, format=format, file=file)
            except TemporaryError:
                if last:
                    raise
            else:
                return


def _copy(source: ResultSource, job: JobSnapshot, *, format: str, file: BinaryIO) -> None:
    file.seek(0)
    file.truncate()
    left = most_bytes(job)
    with source.iter_result(job.id, format) as pieces:
        for piece in harmless_pieces(pieces):
            left -= len(piece)
            if left < 0:
                raise ProtocolError(f"the result of job {job.id} is too large for its sentences")
            file.write(piece)
    file.flush()
    os.fsync(file.fileno())
