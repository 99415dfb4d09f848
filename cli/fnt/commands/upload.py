"""`fnt upload`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import typer

from fnt.commands.shared_options import (
    DEFAULTS,
    AnnotationsOption,
    DryRunOption,
    EngineOption,
    EventsFileOption,
    ExcludeOption,
    FailFastOption,
    FilesFromOption,
    FormatOption,
    GiveUpOption,
    IgnoreDialogueOption,
    IncludeOption,
    JobsOption,
    JunitOption,
    MinWordsOption,
    NameOption,
    NoSaveOption,
    OutputOption,
    OverwriteOption,
    PathsArgument,
    RecursiveOption,
    SkipExistingOption,
    Transport,
    TransportOption,
    WatchOption,
    WordsOption,
    settings_of,
)
from fnt.config.settings import parse_duration
from fnt.errors import UsageError
from fnt.flow.dry_run import known_job, show_dry_run
from fnt.flow.inputs.sources import Sources, opened
from fnt.flow.inputs.upload_items import Input, checked_updates, collect
from fnt.flow.pipeline_run import Follower
from fnt.flow.plan import Plan, named_after, refuse_existing
from fnt.flow.results.destination import destination
from fnt.flow.results.format_option import formats
from fnt.flow.results.saver import Saver, Saving
from fnt.flow.results.stdout import STDOUT, check_stdout, print_completed
from fnt.flow.resume import host_of, resume_words
from fnt.output.renderer import DoneCriteria
from fnt.output.report.artifacts import keep_records
from fnt.session import WatchOptions
from fnt.wire.job_status import JobStatus
from fnt.wire.jobs import ProcessingSettings

if TYPE_CHECKING:
    from fnt.context import AppContext, Connection


@dataclass(frozen=True, slots=True, kw_only=True)
class _Request:
    """A parsed command line."""

    sources: Sources
    settings: ProcessingSettings
    skips_existing: bool
    dry_run: bool
    watches: bool
    options: WatchOptions
    output: str
    formats: tuple[str, ...]
    saves: bool
    overwrite: bool
    fail_fast: bool
    resume_words: tuple[str, ...]
    jobs: int | None


def upload(  # noqa: PLR0913 -- one for each option
    ctx: typer.Context,
    paths: PathsArgument = None,
    *,
    recursive: RecursiveOption = False,
    files_from: FilesFromOption = None,
    include: IncludeOption = None,
    exclude: ExcludeOption = None,
    name: NameOption = None,
    watch: WatchOption = None,
    words: WordsOption = DEFAULTS.sentence_length_limit,
    min_words: MinWordsOption = DEFAULTS.min_sentence_length,
    engine: EngineOption = DEFAULTS.engine,
    ignore_dialogue: IgnoreDialogueOption = False,
    output: OutputOption = ".",
    format: FormatOption = "txt",
    no_save: NoSaveOption = False,
    overwrite: OverwriteOption = False,
    skip_existing: SkipExistingOption = False,
    dry_run: DryRunOption = False,
    fail_fast: FailFastOption = False,
    jobs: JobsOption = None,
    transport: TransportOption = Transport.AUTO,
    give_up: GiveUpOption = "10m",
    events_file: EventsFileOption = None,
    junit: JunitOption = None,
    annotations: AnnotationsOption = True,
) -> None:
    """Upload PDFs and split their sentences.

    \b
    Examples:
      fnt upload novel.pdf --watch
      fnt upload -r books/ -o sentences -f txt,anki
      fnt upload *.pdf --detach --json

    With --watch, each result is saved as NAME.txt in the current folder, or in -o DIR, keeping the
    structure of a folder. Ctrl-C leaves the jobs running and prints the command that resumes
    watching.
    """
    context: AppContext = ctx.obj
    keep_records(
        context.report,
        context.terminal,
        environ=context.environ,
        events_file=events_file,
        junit=junit,
        annotations=annotations,
    )
    request = _Request(
        sources=Sources(
            words=paths or [],
            files_from=files_from,
            name=name,
            recursive=recursive,
            include=include or (),
            exclude=exclude or (),
        ),
        settings=settings_of(
            words=words, min_words=min_words, engine=engine, ignore_dialogue=ignore_dialogue
        ),
        skips_existing=skip_existing,
        dry_run=dry_run,
        watches=_watches(context, watch, output=output, no_save=no_save),
        options=WatchOptions(transport=transport.value, give_up_s=parse_duration(give_up)),
        output=output,
        formats=formats(format),
        saves=not no_save and output != STDOUT,
        overwrite=overwrite,
        fail_fast=fail_fast,
        resume_words=resume_words(output=output, format=format, no_save=no_save),
        jobs=jobs,
    )
    with context.connected() as server, opened(request.sources, context.terminal) as found:
        inputs = collect(
            found,
            settings=request.settings,
            new_key=context.new_key,
            skips_existing=skip_existing,
        )
        _carry_out(context, server, request, inputs)


def _watches(context: AppContext, asked: bool | None, *, output: str, no_save: bool) -> bool:
    if output == STDOUT:
        if asked is False or no_save:
            raise UsageError("-o - needs --watch, and cannot be combined with --no-save")
        return True
    is_seen = context.terminal.out_is_terminal and context.terminal.err_is_terminal
    return is_seen if asked is None else asked


def _carry_out(
    context: AppContext, server: Connection, request: _Request, inputs: Sequence[Input]
) -> None:
    if request.output == STDOUT:
        check_stdout(context.terminal, formats=request.formats, jobs=len(inputs))
    saving = None
    if request.watches and request.saves:
        saving = _saving(server, request, inputs)
    if request.dry_run:
        show_dry_run(context, inputs, saving=saving, api=server.api)
        return
    if saving is not None:
        saving.prepare()
    _follow(context, server, request, inputs=inputs, saving=saving)
    if request.output == STDOUT:
        print_completed(context, server.api, request.formats[0])


def _saving(server: Connection, request: _Request, inputs: Sequence[Input]) -> Saving:
    def has_job(one: Input) -> bool:
        job = known_job(server.api, one) if request.skips_existing else None
        return job is not None and job.status is JobStatus.COMPLETED

    saving = named_after(
        inputs,
        to=destination(request.output, formats=request.formats, jobs=len(inputs)),
        formats=request.formats,
        overwrite=request.overwrite,
    )
    refuse_existing(saving, inputs, has_job=has_job)
    return saving


def _follow(
    context: AppContext,
    server: Connection,
    request: _Request,
    *,
    inputs: Sequence[Input],
    saving: Saving | None,
) -> None:
    settings = context.settings()
    plan = Plan(
        criteria=DoneCriteria(
            accepted=not request.watches, outputs=len(saving.formats) if saving else 0
        ),
        saver=Saver(server.api, saving) if saving else None,
        files={item.key: item.given for item in inputs},
        timeout_s=settings.timeout_s,
        give_up_s=request.options.give_up_s,
        resume_words=request.resume_words,
        fail_fast=request.fail_fast,
    )
    with server.open_session() as session:
        follower = Follower(context, session, plan, server=host_of(server))
        follower.follow(
            checked_updates(
                inputs,
                session,
                parallel=request.jobs or settings.jobs,
                options=request.options if request.watches else None,
                warn=context.terminal.say,
                checks_all_first=request.fail_fast,
            )
        )
