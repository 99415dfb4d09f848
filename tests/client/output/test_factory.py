"""fnt.output.factory: selection of the renderer."""

from __future__ import annotations

import pytest

from fnt.output.factory import pick_renderer
from fnt.output.output_mode import OutputMode
from fnt.output.renderer import DoneCriteria
from fnt.output.report.document import Report
from world import Clock, make_terminal

XTERM = {"TERM": "xterm"}


@pytest.mark.parametrize(
    ("format", "tty", "environ", "progress", "expected"),
    [
        (OutputMode.HUMAN, True, XTERM, True, "ForegroundRenderer"),
        (OutputMode.HUMAN, True, {"TERM": "dumb"}, True, "PlainRenderer"),
        (OutputMode.HUMAN, True, XTERM, False, "PlainRenderer"),
        (OutputMode.HUMAN, False, {"FORCE_COLOR": "1"}, True, "PlainRenderer"),
        (OutputMode.PLAIN, True, XTERM, True, "PlainRenderer"),
        (OutputMode.JSON, True, XTERM, True, "PlainRenderer"),
        (OutputMode.JSONL, True, XTERM, True, "JsonRenderer"),
        (OutputMode.QUIET, True, XTERM, True, "PlainRenderer"),
    ],
)
def test_renderer_by_format_and_terminal(
    format: OutputMode, tty: bool, environ: dict[str, str], progress: bool, expected: str
) -> None:
    clock = Clock()
    renderer = pick_renderer(
        make_terminal(tty=tty, environ=environ),
        Report(now=clock.now, format=format),
        criteria=DoneCriteria(),
        clock=clock,
        progress=progress,
    )

    assert type(renderer).__name__ == expected
