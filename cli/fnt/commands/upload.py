"""`fnt upload`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Annotated

import typer

from fnt.commands.help_sections import AUTOMATION, CHOOSE_FILES, LIVE_VIEW
from fnt.commands.input_options import SourceOptions
from fnt.commands.option_groups import takes_groups
from fnt.commands.result_options import SaveOptions
from fnt.commands.run_options import ParallelOptions, RunOptions
from fnt.commands.sentence_options import SentenceOptions
from fnt.commands.shared_options import FailFastOption
from fnt.errors import UsageError
from fnt.flow.dry_run import show_dry_run
from fnt.flow.inputs.sources import STDIN, Sources, opened
from fnt.flow.inputs.upload_items import Preparer
from fnt.flow.inputs.wanted_files import wanted_files
from fnt.flow.ledger import BookStatus, Ledger
from fnt.flow.patiently import Patiently
from fnt.flow.pipeline_run import PipelineRun
from fnt.flow.plan import (
    Plan,
    ResumeHints,
    prepare_folders,
    refuse_collisions,
    refuse_existing,
)
from fnt.flow.results.stdout import check_stdout, print_completed
from fnt.flow.typed_line import given_settings, typed_line
from fnt.flow.unfinished import UnfinishedUpload, restart_stale
from fnt.local_server.local_use import LocalUse
from fnt.output.formatting import plural
from fnt.session import WatchOptions
from fnt.wire.jobs import ProcessingSettings

if TYPE_CHECKING:
    from fnt.connection import Connection
    from fnt.context import AppContext
    from fnt.flow.inputs.discovery import InputFile
    from fnt.pdf_look.warm_child import WarmChild


@dataclass(frozen=True, slots=True, kw_only=True)
class UploadOptions:
    """How files are sent."""

    watch: Annotated[
        bool | None,
        typer.Option(
            "--watch/--detach",
            "-w/-d",
            show_default=False,
            help="Watch the jobs and save their results (default on a terminal), or print their "
            "numbers and exit.",
            rich_help_panel=LIVE_VIEW,
        ),
    ] = None
    skip_existing: Annotated[
        bool,
        typer.Option(
            "--skip-existing",
            help="Skip files already uploaded with the same settings.",
            rich_help_panel=CHOOSE_FILES,
        ),
    ] = False
    dry_run: Annotated[
        bool,
        typer.Option(
            "--dry-run",
            help="Show what would be sent and saved, without sending.",
            rich_help_panel=AUTOMATION,
        ),
    ] = False
    fail_fast: FailFastOption = False


@dataclass(frozen=True, slots=True, kw_only=True)
class _Request:
    """The parsed command line."""

    sources: Sources
    settings: ProcessingSettings
    upload: UploadOptions
    watch: WatchOptions | None
    give_up_s: float
    results: SaveOptions
    formats: tuple[str, ...]
    hints: ResumeHints
    parallel: int

    @property
    def saves(self) -> bool:
        """Whether results are saved to files."""
        return self.watch is not None and not self.results.no_save and not self.results.is_stdout


@takes_groups
def upload(
    ctx: typer.Context,
    paths: Annotated[
        list[str] | None,
        typer.Argument(metavar="PATH...", help="PDF files, folders with -r, - for standard input."),
    ] = None,
    *,
    source_options: SourceOptions,
    options: UploadOptions,
    sentences: SentenceOptions,
    results: SaveOptions,
    parallel_options: ParallelOptions,
    run_options: RunOptions,
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
    run_options.keep_records(context)
    watches, watch = _watches(context, options.watch, results), run_options.watch()
    sources = source_options.sources(paths or [])
    # A line that resumes nothing must not send again what it has sent.
    again = [] if options.skip_existing or _resumes(sources, watches) else ["--skip-existing"]
    request = _Request(
        sources=sources,
        settings=sentences.settings(),
        upload=options,
        watch=watch if watches else None,
        give_up_s=run_options.give_up_s,
        results=results,
        formats=results.formats(),
        hints=ResumeHints(
            again=typed_line(ctx, context, *again),
            options=(*results.resume_words(), *given_settings(context)),
        ),
        parallel=parallel_options.number(context),
    )
    with (
        context.warm_child() as child,  # it starts while this process goes on
        context.connected(LocalUse.FIRST) as server,
        opened(request.sources, context.terminal) as found,
    ):
        _carry_out(context, server, request, found, child)
        if results.is_stdout and not options.dry_run:
            print_completed(context, server, request.formats[0])


def _watches(context: AppContext, asked: bool | None, results: SaveOptions) -> bool:
    if results.is_stdout:
        if asked is False or results.no_save:
            raise UsageError("-o - needs --watch, and cannot be combined with --no-save")
        return True
    is_seen = context.terminal.out_is_terminal and context.terminal.err_is_terminal
    return is_seen if asked is None else asked


def _carry_out(
    context: AppContext,
    server: Connection,
    request: _Request,
    found: Sequence[InputFile],
    child: WarmChild,
) -> None:
    if request.results.is_stdout:
        check_stdout(context.terminal, formats=request.formats, jobs=len(found))
    unfinished = _unfinished(context, server, request)
    with Ledger.in_memory(now=context.now) as ledger:
        if unfinished is not None:
            unfinished.load(ledger)
        run = ledger.begin_run(wanted_files(found, request.settings))
        if unfinished is not None:
            ledger.take_over(run)
            patiently = Patiently(context, request.give_up_s)
            patiently(lambda: restart_stale(ledger, server.api, run=run))
        plan = Plan(
            ledger=ledger,
            run=run,
            output_plan=request.results.plan(jobs=len(found), saves=request.saves),
            watch=request.watch,
            give_up_s=request.give_up_s,
            hints=request.hints,
            parallel=request.parallel,
            timeout_s=context.settings().timeout_s,
            fail_fast=request.upload.fail_fast,
            unsaved=None if request.results.no_save else context.unsaved_jobs(server),
            folder=request.results.folder(context.cwd),
            is_resumable=unfinished is not None,
        )
        try:
            _upload(context, server, request, plan, child)
        finally:
            if unfinished is not None and not request.upload.dry_run:
                unfinished.keep(ledger, run=run)


def _resumes(sources: Sources, watches: bool) -> bool:
    """Return whether an unfinished upload is stored for the same command line."""
    return watches and STDIN not in (*sources.words, sources.files_from)


def _unfinished(
    context: AppContext, server: Connection, request: _Request
) -> UnfinishedUpload | None:
    """Return the unfinished upload of the same command line, if any; never one from stdin."""
    if not _resumes(request.sources, request.watch is not None):
        return None
    identity = {
        "server": server.name,
        "folder": context.cwd,
        "sources": asdict(request.sources),
        "settings": request.settings.to_wire(),
        "output": request.results.output,
        "formats": request.formats,
        "saves": request.saves,
    }
    return UnfinishedUpload(context.settings().config_dir, identity)


def _upload(
    context: AppContext, server: Connection, request: _Request, plan: Plan, child: WarmChild
) -> None:
    ledger, output_plan, run = plan.ledger, plan.output_plan, plan.run
    assert run is not None  # every upload has files
    preparer = Preparer(
        ledger,
        output_plan,
        new_key=context.new_key,
        skips_existing=request.upload.skip_existing,
        warm_child=child,
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
                request.upload.skip_existing and preparer.has_completed(server.api, book)
            ),
        )
        if request.upload.dry_run:
            show_dry_run(context, plan, preparer, api=server.api)
            return
        prepare_folders(ledger, output_plan, run=run)
        done = ledger.counts(run=run).get(BookStatus.DONE, 0)
        if done:
            context.terminal.say(f"{plural(done, 'book')} done by an earlier run of this command")
        with server.open_session() as session:
            PipelineRun(context, session, plan, api=server.api, preparer=preparer).upload()
    finally:
        preparer.close()
