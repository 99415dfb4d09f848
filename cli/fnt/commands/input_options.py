"""Which files are taken: options of `upload`, `check` and `batch run`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import typer

from fnt.commands.help_sections import CHOOSE_FILES
from fnt.flow.inputs.sources import Sources


@dataclass(frozen=True, slots=True, kw_only=True)
class PatternOptions:
    """Which files of a folder are taken."""

    include: Annotated[
        list[str] | None,
        typer.Option(
            "--include",
            metavar="GLOB",
            help="Files to take from folders instead of *.pdf.",
            rich_help_panel=CHOOSE_FILES,
        ),
    ] = None
    exclude: Annotated[
        list[str] | None,
        typer.Option(
            "--exclude",
            metavar="GLOB",
            help="Files and folders to exclude.",
            rich_help_panel=CHOOSE_FILES,
        ),
    ] = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FolderOptions(PatternOptions):
    """Which files of the folders given are taken."""

    recursive: Annotated[
        bool,
        typer.Option(
            "--recursive", "-r", help="Search folders recursively.", rich_help_panel=CHOOSE_FILES
        ),
    ] = False


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceOptions(FolderOptions):
    """Which files are taken, from wherever."""

    files_from: Annotated[
        str | None,
        typer.Option(
            "--files-from",
            metavar="FILE",
            help="Read paths from a file, one per line.",
            rich_help_panel=CHOOSE_FILES,
        ),
    ] = None
    name: Annotated[
        str | None,
        typer.Option(
            "--name",
            metavar="NAME",
            help="File name for standard input.",
            rich_help_panel=CHOOSE_FILES,
        ),
    ] = None

    def sources(self, words: list[str]) -> Sources:
        """Return what to read, with the arguments."""
        return Sources(
            words=words,
            files_from=self.files_from,
            name=self.name,
            recursive=self.recursive,
            include=self.include or (),
            exclude=self.exclude or (),
        )
