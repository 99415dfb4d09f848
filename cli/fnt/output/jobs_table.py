"""The table of jobs that `fnt jobs list` shows on a terminal."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from rich.text import Text

from fnt.output.formatting import Stage, age, book_name, count, stage_of_job
from fnt.output.sanitize import clean
from fnt.output.table import Column, TableRow, print_table
from fnt.output.terminal import Terminal
from fnt.output.theme import ACCENT, DONE, FAILED
from fnt.wire.job_status import JobStatus
from fnt.wire.jobs import JobSnapshot
from fnt.wire.structs import UNSET
from fnt.wire.times import format_time

COLUMNS = (
    Column(title="JOB", is_number=True),
    Column(title="BOOK", is_name=True),
    Column(title="STATUS"),
    Column(title="WORDS", is_number=True),
    Column(title="PAGES", is_number=True),
    Column(title="PIECES", is_number=True),
    Column(title="AGE", is_number=True),
)
STYLES = {Stage.COMPLETED: DONE, Stage.FAILED: FAILED, Stage.WAITING: "", Stage.CANCELLED: ""}


def print_jobs(terminal: Terminal, jobs: Sequence[JobSnapshot], *, now: datetime) -> None:
    """Print jobs, one in a row."""
    print_table(terminal, COLUMNS, [_row(job, now) for job in jobs])


def _row(job: JobSnapshot, now: datetime) -> TableRow:
    stage = stage_of_job(job)
    percent = f" {job.progress_percent} %" if job.status is JobStatus.PROCESSING else ""
    cells: list[str | Text] = [
        str(job.id),
        book_name(job.original_filename),
        Text(f"{stage}{percent}", STYLES.get(stage, ACCENT)),
        str(job.processing_settings.sentence_length_limit),
        "" if job.page_count is None else count(job.page_count),
        "" if job.sentence_count is None else count(job.sentence_count),
        age((now - job.created_at).total_seconds()),
    ]
    return TableRow(cells=cells, note=_note(job))


def _note(job: JobSnapshot) -> str:
    if job.error_message is not None:
        return clean(job.error_message)
    return "" if job.expires_at is UNSET else f"expires {format_time(job.expires_at)[:10]}"
