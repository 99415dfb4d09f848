"""`fnt watch`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from fnt.commands.job_arguments import job_ids, latest_job, running_jobs
from fnt.commands.shared_options import (
    AnnotationsOption,
    EventsFileOption,
    FailFastOption,
    FormatOption,
    GiveUpOption,
    JunitOption,
    NoSaveOption,
    OutputOption,
    OverwriteOption,
    Transport,
    TransportOption,
)
from fnt.config.settings import parse_duration
from fnt.errors import UsageError
from fnt.flow.ledger import Ledger
from fnt.flow.pipeline_run import PipelineRun
from fnt.flow.plan import Plan, ResumeHints, prepare_folders, refuse_existing
from fnt.flow.results.format_option import formats
from fnt.flow.results.output_plan import OutputPlan
from fnt.flow.results.stdout import STDOUT, check_stdout, print_completed
from fnt.flow.resume import resume_words, typed_line
from fnt.output.report.artifacts import keep_records
from fnt.session import WatchOptions

if TYPE_CHECKING:
    from fnt.context import AppContext, Connection


def watch(  # noqa: PLR0913 -- one per option
    ctx: typer.Context,
    jobs: Annotated[
        list[str] | None, typer.Argument(metavar="[JOB]...", help="Job numbers, or @latest.")
    ] = None,
    *,
    all_: Annotated[bool, typer.Option("--all", help="Watch all running jobs.")] = False,
    latest: Annotated[bool, typer.Option("--latest", help="Watch the newest job.")] = False,
    output: OutputOption = ".",
    format: FormatOption = "txt",
    no_save: NoSaveOption = False,
    overwrite: OverwriteOption = False,
    fail_fast: FailFastOption = False,
    transport: TransportOption = Transport.AUTO,
    give_up: GiveUpOption = "10m",
    events_file: EventsFileOption = None,
    junit: JunitOption = None,
    annotations: AnnotationsOption = True,
) -> None:
    """Watch jobs live and save their results.

    \b
    Examples:
      fnt watch --all
      fnt watch 12 13 -o sentences
      fnt watch --latest --no-save

    Ctrl-C leaves the jobs running. Run the same command to watch them again.
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
    if (bool(jobs) + all_ + latest) != 1:
        raise UsageError(
            "no jobs given", hint="fnt watch 12 13, fnt watch --latest or fnt watch --all"
        )
    if no_save and output == STDOUT:
        raise UsageError("-o - and --no-save are mutually exclusive")
    options = WatchOptions(transport=transport.value, give_up_s=parse_duration(give_up))
    chosen = formats(format)
    with context.connected() as server:
        ids = _chosen(server, jobs or [], latest=latest)
        if not ids:
            context.terminal.say("no running jobs")
            return
        output_plan = OutputPlan(folder=Path(), formats=())
        if output == STDOUT:
            check_stdout(context.terminal, formats=chosen, jobs=len(ids))
        elif not no_save:
            output_plan = OutputPlan.of_option(
                output, formats=chosen, jobs=len(ids), overwrite=overwrite
            )
        with Ledger.in_memory(now=context.now) as ledger:
            run = ledger.begin_watch(ids)
            refuse_existing(ledger, output_plan, run=run)
            prepare_folders(ledger, output_plan, run=run)
            plan = Plan(
                ledger=ledger,
                run=run,
                output_plan=output_plan,
                watch=options,
                hints=ResumeHints(
                    again=typed_line(ctx, context),
                    watch_options=resume_words(output=output, format=format, no_save=no_save),
                ),
                timeout_s=context.settings().timeout_s,
                fail_fast=fail_fast,
            )
            with server.open_session() as session:
                PipelineRun(context, session, plan, api=server.api).watch(ids)
        if output == STDOUT:
            print_completed(context, server.api, chosen[0])


def _chosen(server: Connection, words: list[str], *, latest: bool) -> list[int]:
    if latest:
        return [latest_job(server).id]
    return job_ids(words, server) if words else running_jobs(server)
