"""`fnt batch run|retry`."""

from __future__ import annotations

import json
import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from fnt.commands.help_sections import RESULTS
from fnt.commands.shared_options import (
    DEFAULTS,
    AnnotationsOption,
    EngineOption,
    EventsFileOption,
    ExcludeOption,
    FormatOption,
    GiveUpOption,
    HiddenJobsOption,
    IgnoreDialogueOption,
    IncludeOption,
    JunitOption,
    LedgerOption,
    MinWordsOption,
    NoSaveOption,
    OverwriteOption,
    ParallelOption,
    SourceOption,
    StretchOption,
    Transport,
    TransportOption,
    WordsOption,
    settings_of,
)
from fnt.config.settings import parse_duration
from fnt.errors import UsageError
from fnt.flow.inputs.manifest import Source, read_source
from fnt.flow.inputs.upload_items import Preparer
from fnt.flow.ledger import FAILED, BookStatus, Ledger
from fnt.flow.ledger.books import absolute
from fnt.flow.ledger.locate import held_ledger, ledger_path
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
from fnt.flow.resume import given_settings, typed_line
from fnt.output.formatting import plural
from fnt.output.report.artifacts import keep_records
from fnt.session import WatchOptions

if TYPE_CHECKING:
    from fnt.context import AppContext, Connection

WINDOW = 64
"""Maximum number of unfinished jobs; enough to keep a large server busy."""
SourceArgument = Annotated[
    str,
    typer.Argument(
        metavar="MANIFEST|DIR|-",
        help="CSV, JSON Lines, a list of paths, or a folder of PDFs.",
    ),
]
FolderOption = Annotated[
    Path,
    typer.Option("--output", "-o", metavar="DIR", help="Output folder.", rich_help_panel=RESULTS),
]


def run(  # noqa: PLR0913 -- one per option
    ctx: typer.Context,
    source: SourceArgument,
    *,
    ledger: LedgerOption = None,
    include: IncludeOption = None,
    exclude: ExcludeOption = None,
    words: WordsOption = DEFAULTS.sentence_length_limit,
    stretch: StretchOption = DEFAULTS.stretch,
    min_words: MinWordsOption = DEFAULTS.min_sentence_length,
    engine: EngineOption = DEFAULTS.engine,
    ignore_dialogue: IgnoreDialogueOption = False,
    output: FolderOption = Path(),
    format: FormatOption = "txt",
    no_save: NoSaveOption = False,
    overwrite: OverwriteOption = False,
    parallel: ParallelOption = None,
    jobs: HiddenJobsOption = None,
    transport: TransportOption = Transport.AUTO,
    give_up: GiveUpOption = "10m",
    events_file: EventsFileOption = None,
    junit: JunitOption = None,
    annotations: AnnotationsOption = True,
) -> None:
    """Import many books, each exactly once. Run it again to resume.

    \b
    Examples:
      fnt batch run library/ -o sentences
      fnt batch run books.csv -o sentences -f txt,anki
      find . -name '*.pdf' | fnt batch run -

    Progress is recorded in a ledger: MANIFEST.ledger next to a manifest, .fnt-batch.ledger in a
    folder, or in the current folder for -. A book that fails does not stop the others; retry it
    with fnt batch retry.
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
    books = Source.of(source, include=include or (), exclude=exclude or ())
    defaults = settings_of(
        words=words,
        stretch=stretch,
        min_words=min_words,
        engine=engine,
        ignore_dialogue=ignore_dialogue,
    )
    output_plan = OutputPlan(
        folder=output, formats=() if no_save else formats(format), overwrite=overwrite
    )
    hints = ResumeHints(again=typed_line(ctx, context), retry=_retry_line(context, source, ledger))
    options = _options(transport, give_up)
    path = ledger_path(source, ledger)
    with context.connected() as server, held_ledger(path, now=context.now, create=True) as opened:
        with opened.changing():
            number = opened.begin_run(
                read_source(
                    books,
                    context.terminal.stdin,
                    defaults=defaults,
                    tell=context.terminal.say_error,
                )
            )
            refuse_collisions(
                opened, output_plan, run=number, hint="set a different output for each"
            )
            refuse_existing(opened, output_plan, run=number)
            _claim(opened, server)
            opened.keep(
                {"output": json.dumps(absolute(output)), "formats": ",".join(output_plan.formats)}
            )
        plan = _plan(
            context,
            opened,
            output_plan,
            run=number,
            options=options,
            hints=hints,
            parallel=parallel or jobs,
        )
        _carry_out(context, server, plan)


def retry(  # noqa: PLR0913 -- one per option
    ctx: typer.Context,
    source: SourceOption = None,
    *,
    ledger: LedgerOption = None,
    failed: Annotated[
        bool,
        typer.Option("--failed", help="Only failed jobs, not cancelled jobs or refused files."),
    ] = False,
    overwrite: OverwriteOption = False,
    parallel: ParallelOption = None,
    jobs: HiddenJobsOption = None,
    transport: TransportOption = Transport.AUTO,
    give_up: GiveUpOption = "10m",
    events_file: EventsFileOption = None,
    junit: JunitOption = None,
    annotations: AnnotationsOption = True,
) -> None:
    """Retry failed books as new jobs.

    Results go where the last batch run had them go. What was left over by that run, or by a retry
    that was ended, is done as well.
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
    path = ledger_path(source, ledger)
    again = _retry_line(context, source, ledger)
    hints, options = ResumeHints(again=again, retry=again), _options(transport, give_up)
    with context.connected() as server, held_ledger(path, now=context.now, create=False) as opened:
        output_plan = _last_output_plan(opened, overwrite=overwrite)
        _claim(opened, server)
        number = opened.again([BookStatus.FAILED] if failed else FAILED)
        context.terminal.say(f"retrying {plural(number, 'book')}")
        plan = _plan(
            context,
            opened,
            output_plan,
            run=None,
            options=options,
            hints=hints,
            parallel=parallel or jobs,
        )
        _carry_out(context, server, plan)


def _options(transport: Transport, give_up: str) -> WatchOptions:
    return WatchOptions(transport=transport.value, give_up_s=parse_duration(give_up), window=WINDOW)


def _retry_line(context: AppContext, source: str | None, ledger: Path | None) -> str:
    words = ["fnt", "batch", "retry", *([source] if source not in (None, "-") else [])]
    words += ["--ledger", str(ledger)] if ledger else []
    return shlex.join([*words, *given_settings(context)])


def _last_output_plan(ledger: Ledger, *, overwrite: bool) -> OutputPlan:
    """Return the output options of the last run."""
    output, names = ledger.meta("output"), ledger.meta("formats")
    if output is None:
        raise UsageError(f"the ledger {ledger.path} is empty", hint="fnt batch run")
    chosen = formats(names) if names else ()
    return OutputPlan(folder=_near(Path(json.loads(output))), formats=chosen, overwrite=overwrite)


def _near(folder: Path) -> Path:
    """Return a folder relative to the current one, if it is below it."""
    here = Path.cwd()
    return folder.relative_to(here) if folder.is_relative_to(here) else folder


def _claim(ledger: Ledger, server: Connection) -> None:
    """Raise UsageError if the ledger belongs to another server or account."""
    ledger.claim(server=server.api.server, user=server.api.me().email)


def _plan(
    context: AppContext,
    ledger: Ledger,
    output_plan: OutputPlan,
    *,
    run: int | None,
    options: WatchOptions,
    hints: ResumeHints,
    parallel: int | None,
) -> Plan:
    settings = context.settings()
    return Plan(
        ledger=ledger,
        run=run,
        output_plan=output_plan,
        watch=options,
        hints=hints,
        parallel=parallel or settings.parallel,
        timeout_s=settings.timeout_s,
        is_batch=True,
        noun="book",
    )


def _carry_out(context: AppContext, server: Connection, plan: Plan) -> None:
    prepare_folders(plan.ledger, plan.output_plan, run=plan.run)
    preparer = Preparer(
        plan.ledger, plan.output_plan, new_key=context.new_key, warn=context.terminal.say
    )
    try:
        with server.open_session() as session:
            PipelineRun(context, session, plan, api=server.api, preparer=preparer).upload()
    finally:
        preparer.close()
