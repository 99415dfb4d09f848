"""fnt.output.report.events: events for scripts."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from builders import make_snapshot
from fnt.output.report.event_writer import EventWriter
from fnt.output.report.events import JsonRenderer
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


def lines_of(*updates: Update) -> list[str]:
    clock, terminal = Clock(), make_terminal()
    renderer = JsonRenderer(EventWriter(terminal.document, now=clock.now), clock=clock)
    state = ProgressState()
    for update in updates:
        state = reduce(state, update, now=clock())
        renderer.render(state)
    return terminal.out.text.splitlines()


def events_of(*updates: Update) -> list[dict[str, Any]]:
    return [json.loads(line) for line in lines_of(*updates)]


def test_an_event_to_the_byte() -> None:
    """Scripts that cut lines rather than parse them rely on the order of the keys."""
    lines = lines_of(
        UploadProgress(key="k", title="\udce9té.pdf", sent_bytes=0, size_bytes=100),
        LinkState(status=LinkStatus.POLLING, poll_every_s=2.0, retry_at=104.0),
        Refused(key="r", title="b.pdf", message="not a PDF", code="NOT_A_PDF"),
    )

    assert lines == [
        '{"v": 1, "seq": 1, "ts": "2026-03-01T12:00:00.000Z", "type": "upload.progress", '
        '"file": "\\udce9t\\u00e9.pdf", "sent_bytes": 0, "size_bytes": 100}',
        '{"v": 1, "seq": 2, "ts": "2026-03-01T12:00:00.000Z", "type": "link.state", '
        '"status": "polling", "attempt": 0, "retry_in_s": 4.0, "poll_every_s": 2.0, '
        '"reason": null, "give_up_in_s": null}',
        '{"v": 1, "seq": 3, "ts": "2026-03-01T12:00:00.000Z", "type": "warning", '
        '"file": "b.pdf", "code": "NOT_A_PDF", "message": "not a PDF"}',
    ]


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
