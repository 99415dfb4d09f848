"""Where `-o` says that results go: into a folder, to one file, or to standard output."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from fnt.commands.selection import ALL_FORMATS
from fnt.console import Terminal
from fnt.errors import UsageError
from fnt.results import extension
from fnt.wire.jobs import JobStatus
from fnt.wire.results import FORMATS

if TYPE_CHECKING:
    from fnt.api.client import ApiClient
    from fnt.context import AppContext

STDOUT = "-"

OutputOption = Annotated[
    str,
    typer.Option(
        "--output",
        "-o",
        metavar="DIR|FILE|-",
        help="Folder for the results, the file for one, or - for standard output.",
    ),
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Destination:
    """A folder, or one file in it."""

    folder: Path
    file: Path | None = None

    def prepare(self) -> None:
        """Make the folder before anything is sent."""
        prepare_folder(self.folder)


def destination(text: str, *, formats: Sequence[str], jobs: int) -> Destination:
    """Tell folder from file: what is there, a slash at the end, then the ending of the name."""
    path = Path(text)
    ending = path.suffix.lower().removeprefix(".")
    format = {extension(name): name for name in ALL_FORMATS}.get(ending)
    if format is None or text.endswith(("/", os.sep)) or os.path.isdir(path):  # noqa: PTH112 -- never raises
        return Destination(folder=path)
    if jobs * len(formats) != 1:
        raise UsageError(f"{path} is one file for several results", hint=f"a folder: -o {path}/")
    if format != formats[0]:
        raise UsageError(f"{path} would hold {formats[0]}", hint=f"use -f {format}, or -o {path}/")
    return Destination(folder=path.parent, file=path)


def check_stdout(terminal: Terminal, *, formats: Sequence[str], jobs: int) -> None:
    """Raise UsageError unless one result is to be written, and nothing beside it."""
    if jobs * len(formats) != 1 or not terminal.tells_results:
        raise UsageError("-o - writes one job in one format, and nothing beside it")
    if formats[0] not in FORMATS:
        raise UsageError(f"-o - cannot write {formats[0]}", hint="name a file or a folder")


def print_completed(context: AppContext, api: ApiClient, format: str) -> None:
    """Write the result of the run's one job to standard output, if it came to one."""
    job = context.report.jobs[-1].job
    if job is not None and job.status is JobStatus.COMPLETED:
        print_result(context.terminal, api, job.id, format=format)


def print_result(terminal: Terminal, api: ApiClient, job_id: int, *, format: str) -> None:
    """Write a result to standard output as it comes."""
    with api.iter_result(job_id, format) as pieces:
        terminal.write_bytes(pieces)


def prepare_folder(folder: Path) -> None:
    """Make a folder for results; raises UsageError where it cannot be used."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UsageError(f"{folder} cannot be used as a folder: {error.strerror}") from error
    if not os.access(folder, os.W_OK):
        raise UsageError(f"{folder} cannot be written to")
