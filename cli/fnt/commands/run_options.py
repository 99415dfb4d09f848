"""How a run is followed and reported: options of `upload`, `watch` and `batch`."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from fnt.commands.help_sections import AUTOMATION, LIVE_VIEW
from fnt.commands.shared_options import GIVE_UP, GiveUpOption
from fnt.config.settings import parse_duration
from fnt.output.report.artifacts import keep_records
from fnt.session import WatchOptions

if TYPE_CHECKING:
    from fnt.context import AppContext


class Transport(StrEnum):
    """Transport of live updates."""

    AUTO = "auto"
    WS = "ws"
    POLL = "poll"


@dataclass(frozen=True, slots=True, kw_only=True)
class ParallelOptions:
    """How many uploads there are at a time."""

    parallel: Annotated[
        int | None,
        typer.Option(
            "--parallel",
            metavar="N",
            min=1,
            max=32,
            help="Parallel uploads, 1 to 32; 4 unless configured.",
            rich_help_panel=AUTOMATION,
        ),
    ] = None
    jobs: Annotated[
        int | None, typer.Option("--jobs", "-j", metavar="N", min=1, max=32, hidden=True)
    ] = None
    """Former name of --parallel."""

    def number(self, context: AppContext) -> int:
        """Return the number given, else the one configured."""
        return self.parallel or self.jobs or context.settings().parallel


@dataclass(frozen=True, slots=True, kw_only=True)
class RunOptions:
    """How jobs are watched and reported."""

    transport: Annotated[
        Transport,
        typer.Option(
            "--transport",
            metavar="auto|ws|poll",
            help="Live updates: WebSocket with polling fallback, WebSocket only, or polling only.",
            rich_help_panel=LIVE_VIEW,
        ),
    ] = Transport.AUTO
    give_up: GiveUpOption = GIVE_UP
    events_file: Annotated[
        Path | None,
        typer.Option(
            "--events-file",
            metavar="FILE",
            help="Also write the --jsonl events to a file.",
            rich_help_panel=AUTOMATION,
        ),
    ] = None
    junit: Annotated[
        Path | None,
        typer.Option(
            "--junit",
            metavar="FILE",
            help="Write a JUnit report at the end.",
            rich_help_panel=AUTOMATION,
        ),
    ] = None
    annotations: Annotated[
        bool,
        typer.Option(
            "--annotations/--no-annotations",
            show_default=False,
            help="Annotate failed files and write a step summary on GitHub Actions (default).",
            rich_help_panel=AUTOMATION,
        ),
    ] = True

    def keep_records(self, context: AppContext) -> None:
        """Open the requested files before anything is sent; raises UsageError if that fails."""
        keep_records(
            context.report,
            context.terminal,
            environ=context.environ,
            events_file=self.events_file,
            junit=self.junit,
            annotations=self.annotations,
        )

    @property
    def give_up_s(self) -> float:
        """How long the server may be out of reach, in seconds; raises UsageError."""
        return parse_duration(self.give_up)

    def watch(self, *, window: int | None = None) -> WatchOptions:
        """Return how to watch the jobs; raises UsageError."""
        return WatchOptions(transport=self.transport.value, give_up_s=self.give_up_s, window=window)
