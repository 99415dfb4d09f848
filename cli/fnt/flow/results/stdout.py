"""A single result on stdout: `-o -`."""

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
    """Raise UsageError unless exactly one result and nothing else goes to stdout."""
    if jobs * len(formats) != 1 or not terminal.tells_results:
        raise UsageError("-o - takes one job and one format, without --json or --jsonl")
    if formats[0] not in FORMATS:
        raise UsageError(f"-o - cannot write {formats[0]}", hint="name a file or a folder")


def print_completed(context: AppContext, api: ApiClient, format: str) -> None:
    """Write the result of the run's only job to stdout, if it completed."""
    job = context.report.jobs[-1].job
    if job is not None and job.status is JobStatus.COMPLETED:
        print_result(context.terminal, api, job.id, format=format)


def print_result(terminal: Terminal, api: ApiClient, job_id: int, *, format: str) -> None:
    """Stream a result to stdout."""
    with api.iter_result(job_id, format) as pieces:
        terminal.write_bytes(pieces)
