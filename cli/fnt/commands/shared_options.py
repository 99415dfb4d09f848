"""Options that several commands share."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from fnt.commands.help_sections import (
    AUTOMATION,
    CHOOSE_FILES,
    LIVE_VIEW,
    RESULTS,
    SENTENCES,
)
from fnt.errors import UsageError
from fnt.flow.results.format_option import ALL_FORMATS
from fnt.wire.jobs import ProcessingSettings

DEFAULTS = ProcessingSettings()
PathsArgument = Annotated[
    list[str] | None,
    typer.Argument(metavar="PATH...", help="PDF files, folders with -r, - for standard input."),
]
NameOption = Annotated[
    str | None,
    typer.Option(
        "--name", metavar="NAME", help="File name for standard input.", rich_help_panel=CHOOSE_FILES
    ),
]
FilesFromOption = Annotated[
    str | None,
    typer.Option(
        "--files-from",
        metavar="FILE",
        help="Read paths from a file, one per line.",
        rich_help_panel=CHOOSE_FILES,
    ),
]
RecursiveOption = Annotated[
    bool,
    typer.Option(
        "--recursive",
        "-r",
        help="Search folders recursively.",
        rich_help_panel=CHOOSE_FILES,
    ),
]
IncludeOption = Annotated[
    list[str] | None,
    typer.Option(
        "--include",
        metavar="GLOB",
        help="Files to take from folders instead of *.pdf.",
        rich_help_panel=CHOOSE_FILES,
    ),
]
ExcludeOption = Annotated[
    list[str] | None,
    typer.Option(
        "--exclude",
        metavar="GLOB",
        help="Files and folders to exclude.",
        rich_help_panel=CHOOSE_FILES,
    ),
]
WatchOption = Annotated[
    bool | None,
    typer.Option(
        "--watch/--detach",
        "-w/-d",
        show_default=False,
        help="Watch the jobs and save their results (default on a terminal), or print their "
        "numbers and exit.",
        rich_help_panel=LIVE_VIEW,
    ),
]
WordsOption = Annotated[
    int,
    typer.Option(
        "--words",
        metavar="N",
        min=3,
        max=50,
        help="Maximum words per sentence, 3 to 50.",
        rich_help_panel=SENTENCES,
    ),
]
StretchOption = Annotated[
    int,
    typer.Option(
        "--stretch",
        metavar="N",
        min=0,
        max=4,
        help="Words a piece may be longer where that saves a bad cut, 0 to 4.",
        rich_help_panel=SENTENCES,
    ),
]
MinWordsOption = Annotated[
    int,
    typer.Option(
        "--min-words",
        metavar="N",
        min=1,
        max=10,
        help="Minimum words per piece, 1 to 10.",
        rich_help_panel=SENTENCES,
    ),
]
EngineOption = Annotated[
    str,
    typer.Option("--engine", metavar="NAME", help="Splitting engine.", rich_help_panel=SENTENCES),
]
IgnoreDialogueOption = Annotated[
    bool,
    typer.Option("--ignore-dialogue", help="Leave dialogue unchanged.", rich_help_panel=SENTENCES),
]
ParallelOption = Annotated[
    int | None,
    typer.Option(
        "--parallel",
        metavar="N",
        min=1,
        max=32,
        help="Parallel uploads, 1 to 32; 4 unless configured.",
        rich_help_panel=AUTOMATION,
    ),
]
HiddenJobsOption = Annotated[
    int | None, typer.Option("--jobs", "-j", metavar="N", min=1, max=32, hidden=True)
]
"""Former name of --parallel."""
SkipExistingOption = Annotated[
    bool,
    typer.Option(
        "--skip-existing",
        help="Skip files already uploaded with the same settings.",
        rich_help_panel=CHOOSE_FILES,
    ),
]
DryRunOption = Annotated[
    bool,
    typer.Option(
        "--dry-run",
        help="Show what would be sent and saved, without sending.",
        rich_help_panel=AUTOMATION,
    ),
]
FailFastOption = Annotated[
    bool,
    typer.Option(
        "--fail-fast",
        help="Stop at the first failure; running jobs keep running.",
        rich_help_panel=AUTOMATION,
    ),
]


def settings_of(
    *, words: int, stretch: int, min_words: int, engine: str, ignore_dialogue: bool
) -> ProcessingSettings:
    """Return the processing settings from the options."""
    if min_words > words:
        raise UsageError(f"--min-words {min_words} is greater than --words {words}")
    return ProcessingSettings(
        sentence_length_limit=words,
        min_sentence_length=min_words,
        engine=engine,
        ignore_dialogue=ignore_dialogue,
        stretch_words=stretch,
    )


LedgerOption = Annotated[
    Path | None,
    typer.Option("--ledger", metavar="FILE", help="Ledger file.", rich_help_panel=AUTOMATION),
]
SourceOption = Annotated[
    str | None,
    typer.Argument(metavar="[MANIFEST|DIR|-]", help="Manifest or folder given to batch run."),
]
OutputOption = Annotated[
    str,
    typer.Option(
        "--output",
        "-o",
        metavar="DIR|FILE|-",
        help="Output folder, file for a single result, or - for stdout.",
        rich_help_panel=RESULTS,
    ),
]
EventsFileOption = Annotated[
    Path | None,
    typer.Option(
        "--events-file",
        metavar="FILE",
        help="Also write the --jsonl events to a file.",
        rich_help_panel=AUTOMATION,
    ),
]
JunitOption = Annotated[
    Path | None,
    typer.Option(
        "--junit",
        metavar="FILE",
        help="Write a JUnit report at the end.",
        rich_help_panel=AUTOMATION,
    ),
]
AnnotationsOption = Annotated[
    bool,
    typer.Option(
        "--annotations/--no-annotations",
        show_default=False,
        help="Annotate failed files and write a step summary on GitHub Actions (default).",
        rich_help_panel=AUTOMATION,
    ),
]
JobsArgument = Annotated[
    list[str], typer.Argument(metavar="JOB...", help="Job numbers, or @latest.")
]
FormatOption = Annotated[
    str,
    typer.Option(
        "--format",
        "-f",
        metavar=",".join(ALL_FORMATS),
        help="Result formats, comma-separated.",
        rich_help_panel=RESULTS,
    ),
]


class Transport(StrEnum):
    """Transport of live updates."""

    AUTO = "auto"
    WS = "ws"
    POLL = "poll"


TransportOption = Annotated[
    Transport,
    typer.Option(
        "--transport",
        metavar="auto|ws|poll",
        help="Live updates: WebSocket with polling fallback, WebSocket only, or polling only.",
        rich_help_panel=LIVE_VIEW,
    ),
]
GiveUpOption = Annotated[
    str,
    typer.Option(
        "--give-up",
        metavar="DUR",
        help="Give up after this long without contact; 0 waits forever.",
        rich_help_panel=LIVE_VIEW,
    ),
]
OverwriteOption = Annotated[
    bool,
    typer.Option("--overwrite", help="Replace existing files.", rich_help_panel=RESULTS),
]
NoSaveOption = Annotated[
    bool,
    typer.Option("--no-save", help="Do not save results.", rich_help_panel=RESULTS),
]
