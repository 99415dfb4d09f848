"""Files a run writes in addition to its output: events, JUnit report, GitHub annotations."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import IO, Any

from fnt.errors import FntError, UsageError
from fnt.files import atomic_write, open_for_text, reason_of, write_errors
from fnt.output.report.document import Ending, Report
from fnt.output.report.event_writer import EventWriter
from fnt.output.report.github import annotations_of, summary_of
from fnt.output.report.junit import junit_xml
from fnt.output.terminal import Terminal


def keep_records(
    report: Report,
    terminal: Terminal,
    *,
    environ: Mapping[str, str],
    events_file: Path | None,
    junit: Path | None,
    annotations: bool,
) -> None:
    """Open the requested files before anything is sent; raises UsageError if that fails."""
    if junit is not None:
        _must_be_writable(junit)
        report.records.append(_junit_record(junit))
    if events_file is not None:
        events = EventsFile(events_file)
        report.recorders.append(EventWriter(events.write, now=report.now))
        report.records.append(events.finish)
    if annotations and terminal.is_on_github:
        summary = environ.get("GITHUB_STEP_SUMMARY")
        report.records.append(_github_record(terminal, Path(summary) if summary else None))


class EventsFile:
    """A JSON Lines file; a write error does not stop the run."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file: IO[str] = _open(path, "w")
        self._failure: OSError | None = None

    def write(self, event: dict[str, Any]) -> None:
        """Write and flush one line; after an error, write nothing more, to avoid gaps."""
        if self._failure is not None:
            return
        try:
            self._file.write(json.dumps(event) + "\n")
            self._file.flush()
        except OSError as error:
            self._failure = error

    def finish(self, ending: Ending) -> None:  # noqa: ARG002 -- run.finished is already written
        """Close the file; raises FntError if it is incomplete."""
        try:
            self._file.close()
        except OSError as error:
            self._failure = self._failure or error
        if self._failure is not None:
            raise _unwritten("the events", self._path, self._failure)


def _junit_record(path: Path) -> Callable[[Ending], None]:
    def write(ending: Ending) -> None:
        report = junit_xml(ending).encode()
        try:
            if path.is_file() or not path.exists():
                with atomic_write(path) as file:
                    file.write(report)
            else:  # a device or pipe is not replaced
                with open_for_text(path, "w") as stream:
                    stream.write(report.decode())
        except OSError as error:
            raise _unwritten("the JUnit report", path, error) from error

    return write


def _github_record(terminal: Terminal, summary: Path | None) -> Callable[[Ending], None]:
    def write(ending: Ending) -> None:
        for line in annotations_of(ending):
            terminal.command_runner(line)
        if summary is None:
            return
        try:
            with summary.open("a", encoding="utf-8") as file:
                file.write(summary_of(ending))
        except OSError as error:  # GitHub's own file, which the user did not ask for
            terminal.say(f"warning: {summary} cannot be written: {reason_of(error)}")

    return write


def _must_be_writable(path: Path) -> None:
    is_there = path.exists()
    _open(path, "a").close()
    if not is_there:
        path.unlink(missing_ok=True)


def _open(path: Path, mode: str) -> IO[str]:
    with write_errors(path):
        return open_for_text(path, mode)


def _unwritten(what: str, path: Path, error: OSError) -> FntError:
    message = f"{what} could not be written to {path}: {reason_of(error)}"
    return UsageError(message, code="NOT_WRITTEN")
