"""How sentences are split: the options of `upload` and `batch run`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

import typer

from fnt.commands.help_sections import SENTENCES
from fnt.errors import UsageError
from fnt.flow.results.selection import ranges_of
from fnt.wire.jobs import ProcessingSettings
from fnt.wire.ranges import Ranges
from fnt.wire.structs import UNSET, UnsetType

DEFAULTS = ProcessingSettings()


@dataclass(frozen=True, slots=True, kw_only=True)
class SentenceOptions:
    """The processing settings."""

    words: Annotated[
        int,
        typer.Option(
            "--words",
            metavar="N",
            min=3,
            max=50,
            help="Maximum words per sentence, 3 to 50.",
            rich_help_panel=SENTENCES,
        ),
    ] = DEFAULTS.sentence_length_limit
    stretch: Annotated[
        int,
        typer.Option(
            "--stretch",
            metavar="N",
            min=0,
            max=4,
            help="Extra words allowed per piece to avoid a bad cut, 0 to 4.",
            rich_help_panel=SENTENCES,
        ),
    ] = DEFAULTS.stretch
    pages: Annotated[
        str,
        typer.Option(
            "--pages",
            metavar="RANGES",
            help="Only these pages: 3, 3-7, 3- or several with commas.",
            rich_help_panel=SENTENCES,
        ),
    ] = ""
    chapter: Annotated[
        str,
        typer.Option(
            "--chapter",
            metavar="RANGES",
            help="Only these chapters, by number.",
            rich_help_panel=SENTENCES,
        ),
    ] = ""
    min_words: Annotated[
        int,
        typer.Option(
            "--min-words",
            metavar="N",
            min=1,
            max=10,
            help="Minimum words per piece, 1 to 10.",
            rich_help_panel=SENTENCES,
        ),
    ] = DEFAULTS.min_sentence_length
    engine: Annotated[
        str,
        typer.Option(
            "--engine", metavar="NAME", help="Splitting engine.", rich_help_panel=SENTENCES
        ),
    ] = DEFAULTS.engine
    ignore_dialogue: Annotated[
        bool,
        typer.Option(
            "--ignore-dialogue", help="Leave dialogue unchanged.", rich_help_panel=SENTENCES
        ),
    ] = False
    keep_front_matter: Annotated[
        bool,
        typer.Option(
            "--keep-front-matter",
            help="Keep title pages, licenses, catalogs and tables of contents.",
            rich_help_panel=SENTENCES,
        ),
    ] = False

    def settings(self) -> ProcessingSettings:
        """Return the processing settings; raises UsageError."""
        if self.min_words > self.words:
            raise UsageError(f"--min-words {self.min_words} is greater than --words {self.words}")
        return ProcessingSettings(
            sentence_length_limit=self.words,
            min_sentence_length=self.min_words,
            engine=self.engine,
            ignore_dialogue=self.ignore_dialogue,
            stretch_words=self.stretch,
            keep_front_matter=self.keep_front_matter,
            pages=_written(ranges_of(self.pages, option="--pages")),
            chapters=_written(ranges_of(self.chapter, option="--chapter", least=0)),
        )


def _written(ranges: Ranges | None) -> str | UnsetType:
    return UNSET if ranges is None else str(ranges)
