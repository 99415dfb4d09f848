"""fnt.output.report.events: events for scripts."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from builders import make_snapshot
from fnt.output.report.events import EventWriter, JsonRenderer
from fnt.progress import (
    LinkState,
    LinkStatus,
    ProgressState,
    Refused,
    Saved,
    Update,
    UploadProgress,
    reduce,
)
from world import Clock, completed, make_terminal


def events_of(*updates: Update) -> list[dict[str, Any]]:
    clock, terminal = Clock(), make_terminal()
    renderer = JsonRenderer(EventWriter(terminal.document, now=clock.now), clock=clock)
    state = ProgressState()
    for update in updates:
        state = reduce(state, update, now=clock())
        renderer.render(state)
    return [json.loads(line) for line in terminal.out.text.splitlines()]


def test_events_are_numbered_and_dated() -> None:
    events = events_of(make_snapshot(), completed())

    assert [event["seq"] for event in events] == [1, 2]
    assert {event["v"] for event in events} == {1}
    assert events[0]["ts"] == "2026-03-01T12:00:00.000Z"


def test_each_thing_that_happens_is_one_event() -> None:
    events = events_of(
        UploadProgress(key="k", title="a.pdf", sent_bytes=0, size_bytes=100),
        UploadProgress(key="k", title="a.pdf", sent_bytes=1, size_bytes=100),
        UploadProgress(key="k", title="a.pdf", sent_bytes=100, size_bytes=100),
        LinkState(status=LinkStatus.POLLING, poll_every_s=2.0, retry_at=104.0),
        make_snapshot(),
        make_snapshot(),
        completed(),
        completed(),
        Saved(job_id=12, path=Path("a.txt")),
        Saved(job_id=12, path=Path("a.json")),
        Refused(key="r", title="b.pdf", message="not a PDF", code="NOT_A_PDF"),
    )

    assert [event["type"] for event in events] == [
        "upload.progress",
        "upload.progress",
        "link.state",
        "job.progress",
        "job.ended",
        "output.written",
        "output.written",
        "warning",
    ]
    assert events[2]["retry_in_s"] == 4.0
    assert events[4]["job"] == completed().to_wire()
    assert [event["path"] for event in events[5:7]] == ["a.txt", "a.json"]


def test_a_row_first_seen_when_it_has_ended() -> None:
    assert [event["type"] for event in events_of(completed())] == ["job.ended"]
