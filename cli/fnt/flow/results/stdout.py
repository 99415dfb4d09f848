"""A single result on stdout: `-o -`."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from fnt.errors import UsageError
from fnt.flow.results.download import Result
from fnt.output.sanitize import harmless_pieces
from fnt.output.terminal import Terminal
from fnt.wire.job_status import JobStatus
from fnt.wire.results import FORMATS

if TYPE_CHECKING:
    from fnt.connection import Connection
    from fnt.context import AppContext

STDOUT = "-"
BLOCK_BYTES = 64 * 1024
BINARY = {"xlsx", "anki"}


def check_stdout(terminal: Terminal, *, formats: Sequence[str], jobs: int) -> None:
    """Raise UsageError unless exactly one result and nothing else goes to stdout."""
    if jobs * len(formats) != 1 or not terminal.tells_results:
        raise UsageError("-o - takes one job and one format, without --json or --jsonl")
    if formats[0] in BINARY:
        raise UsageError(f"-o - cannot write {formats[0]}", hint="name a file or a folder")


def print_completed(context: AppContext, server: Connection, format: str) -> None:
    """Write the result of the run's only job to stdout, if it completed."""
    job = context.report.jobs[-1].job
    if job is not None and job.status is JobStatus.COMPLETED:
        print_result(context.terminal, Result(server.api, job, format))
        context.unsaved_jobs(server).discard(job.id)


def print_result(terminal: Terminal, result: Result) -> None:
    """Write a result to stdout, without control characters."""
    if result.format in FORMATS and not result.selection:
        with result.source.iter_result(result.job.id, result.format) as pieces:
            terminal.write_bytes(harmless_pieces(pieces))
        return
    with tempfile.TemporaryDirectory(prefix="fnt-") as folder:
        part = Path(folder, "result")
        result.write(part)
        with part.open("rb") as file:
            terminal.write_bytes(harmless_pieces(iter(lambda: file.read(BLOCK_BYTES), b"")))
