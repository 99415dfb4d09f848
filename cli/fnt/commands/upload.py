"""`fnt upload`."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from fnt.commands.finding import find_files
from fnt.commands.following import Follower, Plan
from fnt.commands.inputs import Input, checked_updates, collect
from fnt.commands.records import AnnotationsOption, EventsFileOption, JunitOption, keep_records
from fnt.commands.saving import Saver, Saving, planned_names, prepare_folder
from fnt.commands.selection import FormatOption, formats
from fnt.commands.watch import (
    GiveUpOption,
    NoSaveOption,
    OutputOption,
    OverwriteOption,
    Transport,
    TransportOption,
    host_of,
    resume_words,
)
from fnt.errors import UsageError
from fnt.render.base import Goal
from fnt.session import WatchOptions
from fnt.settings import parse_duration
from fnt.wire.jobs import ProcessingSettings

if TYPE_CHECKING:
    from fnt.context import AppContext, Connection

DEFAULTS = ProcessingSettings()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Request:
    """A parsed command line."""

    inputs: list[Input]
    watches: bool
    options: WatchOptions
    saving: Saving | None
    resume_words: tuple[str, ...]
    jobs: int | None


def upload(  # noqa: PLR0913 -- one for each option
    ctx: typer.Context,
    paths: Annotated[list[Path], typer.Argument(metavar="PATH...", help="PDF files.")],
    *,
    watch: Annotated[
        bool | None,
        typer.Option(
            "--watch/--detach",
            "-w/-d",
            show_default=False,
            help="Follow the jobs and save their results (default on a terminal), or print their "
            "numbers and leave.",
        ),
    ] = None,
    words: Annotated[
        int, typer.Option("--words", min=3, max=50, help="Words a sentence may have.")
    ] = DEFAULTS.sentence_length_limit,
    min_words: Annotated[
        int, typer.Option("--min-words", min=1, max=10, help="Words a piece should have.")
    ] = DEFAULTS.min_sentence_length,
    engine: Annotated[
        str, typer.Option("--engine", metavar="NAME", help="What cuts the sentences.")
    ] = DEFAULTS.engine,
    ignore_dialogue: Annotated[
        bool, typer.Option("--ignore-dialogue", help="Leave dialogue as it is.")
    ] = False,
    output: OutputOption = Path(),
    format: FormatOption = "txt",
    no_save: NoSaveOption = False,
    overwrite: OverwriteOption = False,
    jobs: Annotated[
        int | None, typer.Option("--jobs", "-j", min=1, max=32, help="Files sent at once.")
    ] = None,
    transport: TransportOption = Transport.AUTO,
    give_up: GiveUpOption = "10m",
    events_file: EventsFileOption = None,
    junit: JunitOption = None,
    annotations: AnnotationsOption = True,
) -> None:
    """Send PDFs and have them split into sentences.

    With --watch each result is saved as NAME.txt in the current folder, or in -o DIR. Ctrl-C
    leaves the jobs running; what to type to follow them again is shown.
    """
    context: AppContext = ctx.obj
    keep_records(context, events_file=events_file, junit=junit, annotations=annotations)
    if min_words > words:
        raise UsageError(
            f"--min-words {min_words} is above --words {words}: no piece could be so long"
        )
    settings = ProcessingSettings(
        sentence_length_limit=words,
        min_sentence_length=min_words,
        engine=engine,
        ignore_dialogue=ignore_dialogue,
    )
    inputs = collect(find_files(paths), settings=settings, new_key=context.new_key)
    chosen = formats(format)
    watches = context.terminal.out_is_terminal and context.terminal.err_is_terminal
    watches = watches if watch is None else watch
    saving = None
    if watches and not no_save:
        saving = _saving(inputs, folder=output, chosen=chosen, overwrite=overwrite)
    request = _Request(
        inputs=inputs,
        watches=watches,
        options=WatchOptions(transport=transport.value, give_up_s=parse_duration(give_up)),
        saving=saving,
        resume_words=resume_words(output=output, format=format, no_save=no_save),
        jobs=jobs,
    )
    with context.connected() as server:
        _run(context, server, request)


def _saving(
    inputs: list[Input], *, folder: Path, chosen: tuple[str, ...], overwrite: bool
) -> Saving:
    names = {item.key: item.filename for item in inputs}
    stems = planned_names(names, folder=folder, formats=chosen, overwrite=overwrite)
    prepare_folder(folder)
    return Saving(folder=folder, formats=chosen, overwrite=overwrite, named=stems)


def _run(context: AppContext, server: Connection, request: _Request) -> None:
    saving, settings = request.saving, context.settings()
    plan = Plan(
        goal=Goal(accepted=not request.watches, outputs=len(saving.formats) if saving else 0),
        saver=Saver(server.api, saving) if saving else None,
        files={item.key: item.given for item in request.inputs},
        timeout_s=settings.timeout_s,
        resume_words=request.resume_words,
    )
    with server.open_session() as session:
        follower = Follower(context, session, plan, server=host_of(server))
        follower.follow(
            checked_updates(
                request.inputs,
                session,
                parallel=request.jobs or settings.jobs,
                options=request.options if request.watches else None,
                warn=context.terminal.say,
            )
        )
