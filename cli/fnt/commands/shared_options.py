"""Options that several commands share."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from fnt.errors import UsageError
from fnt.flow.results.formats import ALL_FORMATS
from fnt.wire.jobs import ProcessingSettings

if TYPE_CHECKING:
    pass

DEFAULTS = ProcessingSettings()
PathsArgument = Annotated[
    list[str] | None,
    typer.Argument(metavar="PATH...", help="PDF files, folders with -r, - for standard input."),
]
NameOption = Annotated[
    str | None, typer.Option("--name", metavar="NAME", help="What the file of - is called.")
]
FilesFromOption = Annotated[
    str | None,
    typer.Option("--files-from", metavar="FILE", help="Send the paths in a file, one a line."),
]
RecursiveOption = Annotated[
    bool, typer.Option("--recursive", "-r", help="Take the PDFs in folders, at any depth.")
]
IncludeOption = Annotated[
    list[str] | None,
    typer.Option("--include", metavar="GLOB", help="Take these from folders instead of *.pdf."),
]
ExcludeOption = Annotated[
    list[str] | None,
    typer.Option("--exclude", metavar="GLOB", help="Leave these files and folders out."),
]
WatchOption = Annotated[
    bool | None,
    typer.Option(
        "--watch/--detach",
        "-w/-d",
        show_default=False,
        help="Follow the jobs and save their results (default on a terminal), or print their "
        "numbers and leave.",
    ),
]
WordsOption = Annotated[
    int, typer.Option("--words", min=3, max=50, help="Maximum words per sentence.")
]
MinWordsOption = Annotated[
    int, typer.Option("--min-words", min=1, max=10, help="Minimum words per piece.")
]
EngineOption = Annotated[str, typer.Option("--engine", metavar="NAME", help="Splitting engine.")]
IgnoreDialogueOption = Annotated[
    bool, typer.Option("--ignore-dialogue", help="Leave dialogue as it is.")
]
JobsOption = Annotated[
    int | None, typer.Option("--jobs", "-j", min=1, max=32, help="Files sent at once.")
]
SkipExistingOption = Annotated[
    bool,
    typer.Option("--skip-existing", help="Skip files already uploaded with the same settings."),
]
DryRunOption = Annotated[
    bool, typer.Option("--dry-run", help="Check, tell what would be sent and saved, send nothing.")
]
FailFastOption = Annotated[
    bool,
    typer.Option("--fail-fast", help="Stop at the first failure; running jobs keep running."),
]


def settings_of(
    *, words: int, min_words: int, engine: str, ignore_dialogue: bool
) -> ProcessingSettings:
    """Return how the books are to be split."""
    if min_words > words:
        raise UsageError(
            f"--min-words {min_words} is above --words {words}: no piece could be so long"
        )
    return ProcessingSettings(
        sentence_length_limit=words,
        min_sentence_length=min_words,
        engine=engine,
        ignore_dialogue=ignore_dialogue,
    )


LedgerOption = Annotated[
    Path | None,
    typer.Option("--ledger", metavar="FILE", help="Ledger file."),
]
SourceOption = Annotated[
    str | None,
    typer.Argument(metavar="[MANIFEST|DIR|-]", help="What was given to batch run."),
]
OutputOption = Annotated[
    str,
    typer.Option(
        "--output",
        "-o",
        metavar="DIR|FILE|-",
        help="Folder for the results, the file for one, or - for standard output.",
    ),
]
EventsFileOption = Annotated[
    Path | None,
    typer.Option("--events-file", metavar="FILE", help="Write the events of --jsonl here too."),
]
JunitOption = Annotated[
    Path | None, typer.Option("--junit", metavar="FILE", help="Write a JUnit report at the end.")
]
AnnotationsOption = Annotated[
    bool,
    typer.Option(
        "--annotations/--no-annotations",
        help="On GitHub Actions, mark failed files and write a step summary.",
    ),
]
JobsArgument = Annotated[
    list[str], typer.Argument(metavar="JOB...", help="Job numbers, or @latest.")
]
FormatOption = Annotated[
    str,
    typer.Option("--format", "-f", metavar=",".join(ALL_FORMATS), help="One, or several by comma."),
]


class Transport(StrEnum):
    """How news may travel."""

    AUTO = "auto"
    WS = "ws"
    POLL = "poll"


TransportOption = Annotated[
    Transport,
    typer.Option(
        "--transport",
        help="Live updates: WebSocket with polling fallback, WebSocket only, or polling only.",
    ),
]
GiveUpOption = Annotated[
    str,
    typer.Option(
        "--give-up", metavar="DUR", help="End after this long without any contact; 0 waits forever."
    ),
]
OverwriteOption = Annotated[
    bool, typer.Option("--overwrite", help="Replace files that are there already.")
]
NoSaveOption = Annotated[bool, typer.Option("--no-save", help="Leave the results on the server.")]
