"""Downloads of results: atomic, with file names that are safe on any system."""

from __future__ import annotations

import contextlib
import filecmp
import math
import os
from collections.abc import Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import BinaryIO, Protocol

from fnt.errors import NotFoundError, ProtocolError, TargetExistsError, TemporaryError, UsageError
from fnt.files import new_file, reason_of, replaced_file, temporary_file
from fnt.flow.results.names import result_name, safe_stem
from fnt.flow.results.result_formats import LIBRARIES, make
from fnt.wire.jobs import JobSnapshot

TRIES = 3
RESULT_HEAD_BYTES = 1024 * 1024
MAX_SENTENCE_BYTES = 32 * 1024
"""A sentence with its source and what belongs to it, on average over a book."""


class ResultSource(Protocol):
    """The part of the API client that is used here."""

    def iter_result(self, job_id: int, format: str) -> AbstractContextManager[Iterator[bytes]]:
        """Stream a result as blocks of bytes."""
        ...


def save_result(
    source: ResultSource,
    job: JobSnapshot,
    *,
    format: str,
    target: Path,
    overwrite: bool,
    may_be_there: bool = False,
    draft: str | None = None,
) -> Path:
    """Save a result to a file, or to a folder under a derived name; return the path.

    In a folder, an existing name becomes `<stem>-<job id>`; an existing file raises
    TargetExistsError, unless `may_be_there` and it holds the same result. `draft` is a fixed name
    for the temporary file, so that a later run can delete what a killed one left.
    """
    if may_be_there and not overwrite and os.path.isfile(target):  # noqa: PTH113 -- never raises
        return _seen(source, job, format=format, path=target)
    if os.path.isdir(target):  # noqa: PTH112 -- never raises
        return _save_into(source, job, format=format, folder=target, overwrite=overwrite)
    return _save(source, job, format=format, path=target, overwrite=overwrite, draft=draft)


def _seen(source: ResultSource, job: JobSnapshot, *, format: str, path: Path) -> Path:
    """Return an already saved file; raises TargetExistsError if its content differs."""
    if format in LIBRARIES:  # these files contain their creation date
        return path
    try:
        with temporary_file(path) as part:
            _fetch(source, job, format=format, part=part)
            is_same = filecmp.cmp(part, path, shallow=False)
    except OSError as error:
        raise UsageError(f"{path} cannot be compared: {reason_of(error)}") from error
    if not is_same:
        raise TargetExistsError(f"{path} exists with different content", hint="use --overwrite")
    return path


def most_bytes(job: JobSnapshot) -> float:
    """Return how large the result of a job can be, in bytes, by what the server says of it."""
    if job.sentence_count is None:
        return math.inf
    return RESULT_HEAD_BYTES + job.sentence_count * MAX_SENTENCE_BYTES


def _save_into(
    source: ResultSource, job: JobSnapshot, *, format: str, folder: Path, overwrite: bool
) -> Path:
    path = folder / result_name(job.original_filename, job_id=job.id, format=format)
    with contextlib.suppress(TargetExistsError):
        return _save(source, job, format=format, path=path, overwrite=overwrite)
    other = path.with_name(f"{path.stem}-{job.id}{path.suffix}")
    return _save(source, job, format=format, path=other, overwrite=overwrite)


def _save(
    source: ResultSource,
    job: JobSnapshot,
    *,
    format: str,
    path: Path,
    overwrite: bool,
    draft: str | None = None,
) -> Path:
    if not overwrite:
        _refuse_existing(path)
    try:
        with (replaced_file if overwrite else new_file)(path, stem=draft) as part:
            if format in LIBRARIES:
                _convert(source, job, format=format, part=part, draft=draft)
            else:
                _fetch(source, job, format=format, part=part)
    except FileExistsError as error:
        raise _taken(path) from error
    except FileNotFoundError as error:
        raise NotFoundError(f"folder {path.parent} not found") from error
    except OSError as error:
        raise UsageError(f"{path} cannot be written: {reason_of(error)}") from error
    return path


def _convert(
    source: ResultSource, job: JobSnapshot, *, format: str, part: Path, draft: str | None
) -> None:
    """Create a format the server does not provide from one that it does."""
    with temporary_file(part, stem=f"{draft}-lines" if draft else None) as lines:
        _fetch(source, job, format="jsonl", part=lines)
        make(format, lines, part, title=safe_stem(job.original_filename) or f"job {job.id}")


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
        for piece in pieces:
            left -= len(piece)
            if left < 0:
                raise ProtocolError(f"the result of job {job.id} is too large for its sentences")
            file.write(piece)
    file.flush()
    os.fsync(file.fileno())
