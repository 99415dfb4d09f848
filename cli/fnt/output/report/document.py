"""The result of a run for scripts: a document with `--json`, an event with `--jsonl`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fnt.errors import ExitCode, FntError
from fnt.output.output_mode import OutputMode
from fnt.output.report.event_writer import EventWriter
from fnt.output.terminal import Terminal

if TYPE_CHECKING:
    # importing these would slow down help and completion
    from fnt.wire.documents import JobReport
    from fnt.wire.jobs import JobSnapshot
    from fnt.wire.problems import Problem

MOST_KEPT = 200
"""Maximum number of entries kept for a bulk import when no document or record needs them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class JobEntry:
    """The outcome of one input or job."""

    number: int = 0
    """Position in the run."""
    file: str | None = None
    job: JobSnapshot | None = None
    job_id: int | None = None
    """The job's number, if the run did not fetch the job."""
    outputs: tuple[Path, ...] = ()
    error: Problem | None = None
    is_skipped: bool = False
    """Whether the file was not sent because the server already had it."""
    is_done: bool = False
    """Whether it was completed before this run; listed only in records of the whole import."""

    def report(self) -> JobReport:
        """Return the entry as written in the document."""
        from fnt.wire.documents import JobReport  # noqa: PLC0415 -- slows down help
        from fnt.wire.structs import UNSET  # noqa: PLC0415 -- slows down help

        return JobReport(
            file=self.file,
            job=self.job,
            outputs=[str(path) for path in self.outputs],
            error=self.error,
            skipped=True if self.is_skipped else UNSET,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Ending:
    """How a run ended, as passed to the records."""

    command: str
    exit_code: int
    error: FntError | None
    jobs: Sequence[JobEntry]
    now: datetime


@dataclass(slots=True, kw_only=True)
class Report:
    """Collected by the command and written once, when the process ends."""

    format: OutputMode = OutputMode.HUMAN
    command: str = ""
    jobs: list[JobEntry] = field(default_factory=list)
    answer: dict[str, Any] = field(default_factory=dict)
    """Data other than jobs that a command returns: fields of the document."""
    now: Callable[[], datetime]
    events: EventWriter | None = None
    recorders: list[EventWriter] = field(default_factory=list)
    """Other writers of the same events."""
    counts: dict[str, int] | None = None
    """Number of inputs by status."""
    records: list[Callable[[Ending], None]] = field(default_factory=list)
    """Called once at the end, whatever the outcome; raise FntError if writing fails."""
    passed: Counter[str] = field(default_factory=Counter)
    """Counts of entries that are not kept individually, by how they ended."""

    def add(self, entry: JobEntry) -> None:
        """Add an entry; only count it if there are many and none will be read individually."""
        self.jobs.append(entry)
        is_read = self.format is OutputMode.JSON or self.records
        if not is_read and len(self.jobs) > MOST_KEPT:
            self.passed[_ending(self.jobs.pop(0))] += 1

    def event_writer(self, terminal: Terminal) -> EventWriter:
        """Return the event writer of this run, which numbers events consecutively."""
        if self.events is None:
            self.events = EventWriter(terminal.document, now=self.now)
        return self.events

    def write(self, terminal: Terminal, *, exit_code: int, error: FntError | None) -> int:
        """Write the requested document; return the exit code it reports."""
        lost = self.record(terminal, exit_code=exit_code, error=error)
        if lost is not None and exit_code == ExitCode.OK:
            exit_code, error = lost.exit_code, lost
        if self.format is OutputMode.JSON:
            problem = error_entry(error) if error is not None else None
            terminal.document(self._document(exit_code, problem))
        elif self.format is OutputMode.JSONL:
            self._finish(self.event_writer(terminal), exit_code, error)
        return exit_code

    def record(
        self, terminal: Terminal, *, exit_code: int, error: FntError | None = None
    ) -> FntError | None:
        """Write all records; report each failure and return the first."""
        for writer in self.recorders:
            self._finish(writer, exit_code, error)
        self.recorders.clear()
        ending = Ending(
            command=self.command, exit_code=exit_code, error=error, jobs=self.jobs, now=self.now()
        )
        lost = []
        records, self.records = self.records, []
        for record in records:
            try:
                record(ending)
            except FntError as failure:
                terminal.say_error(f"error: {failure.message}")
                lost.append(failure)
        return lost[0] if lost else None

    def _finish(self, writer: EventWriter, exit_code: int, error: FntError | None) -> None:
        from fnt.wire.run_events import RunFinished  # noqa: PLC0415 -- slows down help

        problem = error_entry(error) if error is not None else None
        writer.emit(RunFinished, exit_code=int(exit_code), counts=self._counts(), error=problem)

    def _document(self, exit_code: int, problem: Problem | None) -> dict[str, Any]:
        from fnt.wire.documents import Document, RunCounts  # noqa: PLC0415 -- slows down help
        from fnt.wire.structs import UNSET  # noqa: PLC0415 -- slows down help

        return Document(
            ok=exit_code == ExitCode.OK,
            command=self.command,
            exit_code=int(exit_code),
            jobs=[entry.report() for entry in self.jobs if not entry.is_done],
            counts=UNSET if self.counts is None else RunCounts(**self.counts),
            error=problem,
            **self.answer,
        ).to_wire()

    def _counts(self) -> dict[str, int]:
        if self.counts is not None:
            return self.counts
        return dict(self.passed + Counter(map(_ending, self.jobs)))


def _ending(entry: JobEntry) -> str:
    if entry.is_done:
        return "completed"
    return entry.job.status.value if entry.job else "refused"


def error_entry(error: FntError) -> Problem:
    """Return an error as written in the document."""
    return problem_entry(
        error.code or error.exit_code.name,
        error.message,
        hint=error.hint,
        retryable=error.retryable,
        request_id=error.request_id,
    )


def problem_entry(
    code: str,
    message: str,
    *,
    hint: str | None = None,
    retryable: bool = False,
    request_id: str | None = None,
) -> Problem:
    """Return an error, the same in all formats."""
    from fnt.wire.problems import Problem  # noqa: PLC0415 -- slows down help

    return Problem(
        code=code, message=message, hint=hint, retryable=retryable, request_id=request_id
    )
