"""Selection of the renderer for a run."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from fnt.output.output_mode import OutputMode
from fnt.output.plain import PlainRenderer
from fnt.output.renderer import DoneCriteria, Renderer, TeeRenderer
from fnt.output.report.document import Report
from fnt.output.report.events import JsonRenderer
from fnt.output.terminal import Terminal


def pick_renderer(
    terminal: Terminal,
    report: Report,
    *,
    criteria: DoneCriteria,
    clock: Callable[[], float],
    now: Callable[[], datetime],
    progress: bool = True,
) -> Renderer:
    """Return the renderer for the output format and the terminal, with recorders if any."""
    shown: Renderer
    if report.format is OutputMode.JSONL:
        shown = JsonRenderer(report.event_writer(terminal), clock=clock)
    elif report.format is OutputMode.HUMAN and progress and terminal.can_animate:
        from fnt.output.live import LiveRenderer  # noqa: PLC0415 -- Rich takes 50 ms

        shown = LiveRenderer(terminal, criteria=criteria, clock=clock)
    else:
        ends_only = not progress or report.format is OutputMode.QUIET
        shown = PlainRenderer(
            terminal, criteria=criteria, clock=clock, now=now, ends_only=ends_only
        )
    if not report.recorders:
        return shown
    recorders = [JsonRenderer(writer, clock=clock) for writer in report.recorders]
    return TeeRenderer(shown, recorders)
