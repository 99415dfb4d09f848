"""`fnt upload`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
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
    HiddenJobsOption,
    IgnoreDialogueOption,
    IncludeOption,
    JunitOption,
    MinWordsOption,
    NameOption,
    NoSaveOption,
    OutputOption,
    OverwriteOption,
    ParallelOption,
    PathsArgument,
    RecursiveOption,
    SkipExistingOption,
    StretchOption,
    Transport,
    TransportOption,
    WatchOption,
    WordsOption,
    settings_of,
)
from fnt.config.settings import parse_duration
from fnt.errors import UsageError
from fnt.flow.dry_run import show_dry_run
from fnt.flow.inputs.sources import STDIN, Sources, opened
from fnt.flow.inputs.upload_items import Preparer
from fnt.flow.inputs.wanted_files import wanted_files
from fnt.flow.ledger import BookStatus, Ledger
from fnt.flow.pipeline_run import PipelineRun
from fnt.flow.plan import (
    Plan,
    ResumeHints,
    prepare_folders,
    refuse_collisions,
    refuse_existing,
)
from fnt.flow.results.format_option import formats
from fnt.flow.results.output_plan import OutputPlan
from fnt.flow.results.stdout import STDOUT, check_stdout, print_completed
from fnt.flow.resume import resume_words, typed_line
from fnt.flow.unfinished import UnfinishedUpload, restart_stale
from fnt.output.formatting import plural
from fnt.output.report.artifacts import keep_records
from fnt.session import WatchOptions
from fnt.wire.jobs import ProcessingSettings

if TYPE_CHECKING:
    from fnt.context import AppContext, Connection
    from fnt.flow.inputs.discovery import InputFile


@dataclass(frozen=True, slots=True, kw_only=True)
class _Request:
    """The parsed command line."""

    sources: Sources
    settings: ProcessingSettings
    skips_existing: bool
    dry_run: bool
    watch: WatchOptions | None
    output: str
    formats: tuple[str, ...]
    saves: bool
    overwrite: bool
    fail_fast: bool
    hints: ResumeHints
    parallel: int | None


def upload(  # noqa: PLR0913 -- one per option
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
    stretch: StretchOption = DEFAULTS.stretch,
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
    parallel: ParallelOption = None,
    jobs: HiddenJobsOption = None,
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
    watches = _watches(context, watch, output=output, no_save=no_save)
    options = WatchOptions(transport=transport.value, give_up_s=parse_duration(give_up))
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
            words=words,
            stretch=stretch,
            min_words=min_words,
            engine=engine,
            ignore_dialogue=ignore_dialogue,
        ),
        skips_existing=skip_existing,
        dry_run=dry_run,
        watch=options if watches else None,
        output=output,
        formats=formats(format),
        saves=watches and not no_save and output != STDOUT,
        overwrite=overwrite,
        fail_fast=fail_fast,
        hints=ResumeHints(
            again=typed_line(ctx, context),
            watch_options=resume_words(output=output, format=format, no_save=no_save),
        ),
        parallel=parallel or jobs,
    )
    with context.connected() as server, opened(request.sources, context.terminal) as found:
        _carry_out(context, server, request, found)
        if request.output == STDOUT and not dry_run:
            print_completed(context, server.api, request.formats[0])


def _watches(context: AppContext, asked: bool | None, *, output: str, no_save: bool) -> bool:
    if output == STDOUT:
        if asked is False or no_save:
            raise UsageError("-o - needs --watch, and cannot be combined with --no-save")
        return True
    is_seen = context.terminal.out_is_terminal and context.terminal.err_is_terminal
    return is_seen if asked is None else asked


def _carry_out(
    context: AppContext, server: Connection, request: _Request, found: Sequence[InputFile]
) -> None:
    if request.output == STDOUT:
        check_stdout(context.terminal, formats=request.formats, jobs=len(found))
    output_plan = _output_plan(request, jobs=len(found))
    unfinished = _unfinished(context, request)
    with Ledger.in_memory(now=context.now) as ledger:
        if unfinished is not None:
            unfinished.load(ledger)
        run = ledger.begin_run(wanted_files(found, request.settings))
        if unfinished is not None:
            restart_stale(ledger, server.api, run=run)
        plan = Plan(
            ledger=ledger,
            run=run,
            output_plan=output_plan,
            watch=request.watch,
            hints=request.hints,
            parallel=request.parallel or context.settings().parallel,
            timeout_s=context.settings().timeout_s,
            fail_fast=request.fail_fast,
        )
        try:
            _upload(context, server, request, plan)
        finally:
            if unfinished is not None and not request.dry_run:
                unfinished.keep(ledger, run=run)


def _output_plan(request: _Request, *, jobs: int) -> OutputPlan:
    if not request.saves:
        return OutputPlan(folder=Path(), formats=())
    return OutputPlan.of_option(
        request.output, formats=request.formats, jobs=jobs, overwrite=request.overwrite
    )


def _unfinished(context: AppContext, request: _Request) -> UnfinishedUpload | None:
    """Return the unfinished upload of the same command line, if any; never one from stdin."""
    if request.watch is None or STDIN in (*request.sources.words, request.sources.files_from):
        return None
    settings = context.settings()
    identity = {
        "server": settings.server,
        "folder": context.cwd,
        "sources": asdict(request.sources),
        "settings": request.settings.to_wire(),
        "output": request.output,
        "formats": request.formats,
        "saves": request.saves,
    }
    return UnfinishedUpload(settings.config_dir, identity)


def _upload(context: AppContext, server: Connection, request: _Request, plan: Plan) -> None:
    ledger, output_plan, run = plan.ledger, plan.output_plan, plan.run
    assert run is not None  # every upload has files
    preparer = Preparer(
        ledger,
        output_plan,
        new_key=context.new_key,
        warn=context.terminal.say,
        skips_existing=request.skips_existing,
    )
    try:
        refuse_collisions(
            ledger, output_plan, run=run, hint="upload them separately with different -o"
        )
        refuse_existing(
            ledger,
            output_plan,
            run=run,
            may_exist=lambda book: (
                request.skips_existing and preparer.has_completed(server.api, book)
            ),
        )
        if request.dry_run:
            show_dry_run(context, plan, preparer, api=server.api)
            return
        prepare_folders(ledger, output_plan, run=run)
        done = ledger.counts(run=run).get(BookStatus.DONE, 0)
        if done:
            context.terminal.say(f"{plural(done, 'book')} done by an earlier run of this line")
        with server.open_session() as session:
            PipelineRun(context, session, plan, api=server.api, preparer=preparer).upload()
    finally:
        preparer.close()
