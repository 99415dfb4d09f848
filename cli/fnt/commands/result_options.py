"""Which results are saved, and where: options of `upload`, `watch` and `download`."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from fnt.commands.help_sections import RESULTS
from fnt.errors import UsageError
from fnt.flow.results.format_option import NAMED_FORMATS, formats
from fnt.flow.results.output_plan import OutputPlan
from fnt.flow.results.stdout import STDOUT

FormatOption = Annotated[
    str,
    typer.Option(
        "--format",
        "-f",
        metavar=",".join(NAMED_FORMATS),
        help="Result formats, comma-separated.",
        rich_help_panel=RESULTS,
    ),
]
PagesOption = Annotated[
    str,
    typer.Option(
        "--pages",
        metavar="RANGES",
        help="Only these pages: 3, 3-7, 3- or several with commas.",
        rich_help_panel=RESULTS,
    ),
]
ChapterOption = Annotated[
    str,
    typer.Option(
        "--chapter",
        metavar="RANGES",
        help="Only these chapters, by number: see jobs show --chapters.",
        rich_help_panel=RESULTS,
    ),
]
LayoutOption = Annotated[
    str,
    typer.Option(
        "--layout",
        metavar="lines|paragraphs",
        help="Layout of txt; paragraphs adds blank lines between them.",
        rich_help_panel=RESULTS,
    ),
]
ExcelOption = Annotated[
    bool,
    typer.Option(
        "--excel",
        help="Write csv that opens in Excel with a double click: semicolons, byte order mark.",
        rich_help_panel=RESULTS,
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

UnsavedOption = Annotated[
    bool,
    typer.Option(
        "--unsaved",
        help="Include jobs uploaded from here that ended but were never saved.",
        rich_help_panel=RESULTS,
    ),
]


@dataclass(frozen=True, slots=True, kw_only=True)
class DownloadOptions:
    """Formats and target of results."""

    output: Annotated[
        str,
        typer.Option(
            "--output",
            "-o",
            metavar="DIR|FILE|-",
            help="Output folder, file for a single result, or - for stdout.",
            rich_help_panel=RESULTS,
        ),
    ] = "."
    format: FormatOption = "txt"
    layout: LayoutOption = "lines"
    excel: ExcelOption = False
    overwrite: OverwriteOption = False

    @property
    def is_stdout(self) -> bool:
        """Whether the only result goes to stdout."""
        return self.output == STDOUT

    def formats(self) -> tuple[str, ...]:
        """Return the formats; raises UsageError."""
        return formats(self.format, layout=self.layout, excel=self.excel)

    def plan(self, *, jobs: int) -> OutputPlan:
        """Return the files to save the results of so many jobs to; raises UsageError."""
        return OutputPlan.of_option(
            self.output, formats=self.formats(), jobs=jobs, overwrite=self.overwrite
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class SaveOptions(DownloadOptions):
    """Formats and target of results, which may also be left on the server."""

    no_save: NoSaveOption = False

    def plan(self, *, jobs: int, saves: bool = True) -> OutputPlan:
        """Return the files to save the results of so many jobs to, if any; raises UsageError."""
        if not saves or self.no_save or self.is_stdout:
            return OutputPlan(folder=Path(), formats=())
        return DownloadOptions.plan(self, jobs=jobs)

    def folder(self, cwd: Path) -> str | None:
        """Return the absolute output folder; None for stdout, or a name that cannot be one."""
        if self.is_stdout:
            return None
        try:
            plan = OutputPlan.of_option(
                self.output, formats=self.formats()[:1], jobs=1, overwrite=self.overwrite
            )
        except UsageError:
            return None
        return str(cwd / plan.folder)

    def resume_words(self) -> tuple[str, ...]:
        """Return those that were given, for a command that resumes."""
        words = ["--no-save"] if self.no_save else []
        words += ["-o", self.output] if self.output != "." else []
        words += ["-f", self.format] if self.format != "txt" else []
        words += ["--layout", self.layout] if self.layout != "lines" else []
        words += ["--excel"] if self.excel else []
        words += ["--overwrite"] if self.overwrite else []
        return tuple(words)
