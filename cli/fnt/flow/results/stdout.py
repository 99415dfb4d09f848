"""One result on standard output: `-o -`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from fnt.errors import UsageError
from fnt.output.terminal import Terminal
from fnt.wire.job_status import JobStatus
from fnt.wire.results import FORMATS

if TYPE_CHECKING:
    from fnt.api.client import ApiClient
    from fnt.context import AppContext

STDOUT = "-"


def check_stdout(terminal: Terminal, *, formats: Sequence[str], jobs: int) -> None:
    """Raise UsageError unless one result is to be written, and nothing beside it."""
    if jobs * len(formats) != 1 or not terminal.tells_results:
        raise UsageError("-o - takes one job and one format, without --json or --jsonl")
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
