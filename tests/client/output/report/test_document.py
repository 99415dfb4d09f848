"""fnt.output.report.document: one document, or one last event."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from fnt.errors import FntError, TemporaryError
from fnt.output.output_mode import OutputMode
from fnt.output.report.document import JobEntry, Report
from world import Clock, completed, make_terminal


def written(format: OutputMode, *, error: FntError | None = None) -> list[dict[str, Any]]:
    terminal = make_terminal()
    report = Report(now=Clock().now, format=format, command="watch")
    report.jobs = [
        JobEntry(file="a.pdf", job=completed(), outputs=(Path("a.txt"),)),
        JobEntry(file="b.pdf"),
    ]
    report.answer = {"version": {"fnt": "1"}}
    report.write(terminal, exit_code=error.exit_code if error else 0, error=error)
    return [json.loads(line) for line in terminal.out.text.splitlines()]


def test_the_document() -> None:
    (document,) = written(OutputMode.JSON)

    assert document == {
        "v": 1,
        "ok": True,
        "command": "watch",
        "exit_code": 0,
        "jobs": [
            {
                "file": "a.pdf",
                "job": completed().to_wire(),
                "outputs": ["a.txt"],
                "error": None,
            },
            {"file": "b.pdf", "job": None, "outputs": [], "error": None},
        ],
        "error": None,
        "version": {"fnt": "1"},
    }


def test_the_document_to_the_byte() -> None:
    """Scripts that cut lines rather than parse them rely on the order of the keys."""
    terminal = make_terminal()
    report = Report(now=Clock().now, format=OutputMode.JSON, command="upload")
    report.jobs = [JobEntry(file="\udce9té.pdf", outputs=(Path("a.txt"),), is_skipped=True)]
    report.counts = {"completed": 1, "left": 2}
    report.answer = {"version": {"fnt": "1"}}

    report.write(terminal, exit_code=5, error=TemporaryError("unreachable"))

    assert terminal.out.text == (
        '{"v": 1, "ok": false, "command": "upload", "exit_code": 5, "jobs": [{"file": '
        '"\\udce9t\\u00e9.pdf", "job": null, "outputs": ["a.txt"], "error": null, '
        '"skipped": true}], "counts": {"completed": 1, "left": 2}, "error": {"code": '
        '"TEMPORARY", "message": "unreachable", "hint": null, "retryable": true, '
        '"request_id": null}, "version": {"fnt": "1"}}\n'
    )


def test_the_document_of_a_failure() -> None:
    error = TemporaryError("unreachable", hint="later", request_id="r1")

    (document,) = written(OutputMode.JSON, error=error)

    assert (document["ok"], document["exit_code"]) == (False, 5)
    assert document["error"] == {
        "code": "TEMPORARY",
        "message": "unreachable",
        "hint": "later",
        "retryable": True,
        "request_id": "r1",
    }


def test_the_last_event() -> None:
    (event,) = written(OutputMode.JSONL)

    assert event["type"] == "run.finished"
    assert event["exit_code"] == 0
    assert event["counts"] == {"completed": 1, "refused": 1}


@pytest.mark.parametrize("format", [OutputMode.HUMAN, OutputMode.PLAIN, OutputMode.QUIET])
def test_people_get_no_document(format: OutputMode) -> None:
    assert written(format) == []


@pytest.mark.parametrize(("format", "kept"), [(OutputMode.JSON, 300), (OutputMode.HUMAN, 200)])
def test_unneeded_entries_are_only_counted(format: OutputMode, kept: int) -> None:
    report = Report(now=Clock().now, format=format)

    for _ in range(300):
        report.add(JobEntry(job=completed()))

    assert len(report.jobs) == kept
    report.format = OutputMode.JSONL
    terminal = make_terminal()
    report.write(terminal, exit_code=0, error=None)
    assert json.loads(terminal.out.text)["counts"] == {"completed": 300}
