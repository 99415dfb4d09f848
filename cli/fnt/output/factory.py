"""Selection of the renderer for a run."""

from __future__ import annotations

from collections.abc import Callable

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
    progress: bool = True,
) -> Renderer:
    """Return the renderer for the output format and the terminal, with recorders if any."""
    if report.format is OutputMode.JSONL:
        shown: Renderer = JsonRenderer(report.event_writer(terminal), clock=clock)
    else:
        is_shown = progress and report.format is OutputMode.HUMAN
        ends_only = not progress or report.format is OutputMode.QUIET
        shown = plain = PlainRenderer(terminal, criteria=criteria, clock=clock, ends_only=ends_only)
        if is_shown and terminal.can_animate:
            from fnt.output.job_control import ForegroundRenderer  # noqa: PLC0415 -- as below
            from fnt.output.live import LiveRenderer  # noqa: PLC0415 -- Rich takes 50 ms

            live = LiveRenderer(terminal, criteria=criteria, clock=clock)
            shown = ForegroundRenderer(terminal, live=live, plain=plain)
    if not report.recorders:
        return shown
    recorders = [JsonRenderer(writer, clock=clock) for writer in report.recorders]
    return TeeRenderer(shown, recorders)
