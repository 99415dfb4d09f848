"""`fnt watch`."""

from __future__ import annotations

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
from fnt.flow.pipeline_run import Follower
from fnt.flow.plan import Plan
from fnt.flow.results.destination import destination
from fnt.flow.results.format_option import formats
from fnt.flow.results.saver import Saver, Saving
from fnt.flow.results.stdout import STDOUT, check_stdout, print_completed
from fnt.flow.resume import host_of, resume_words
from fnt.output.renderer import DoneCriteria
from fnt.output.report.artifacts import keep_records
from fnt.session import WatchOptions

if TYPE_CHECKING:
    from fnt.context import AppContext, Connection


def watch(  # noqa: PLR0913 -- one for each option
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
        saving = None
        if output == STDOUT:
            check_stdout(context.terminal, formats=chosen, jobs=len(ids))
        elif not no_save:
            to = destination(output, formats=chosen, jobs=len(ids))
            saving = Saving(to=to, formats=chosen, overwrite=overwrite)
            saving.refuse_taken_file()
            saving.prepare()
        with server.open_session() as session:
            plan = Plan(
                criteria=DoneCriteria(outputs=len(saving.formats) if saving else 0),
                saver=Saver(server.api, saving) if saving else None,
                jobs=ids,
                timeout_s=context.settings().timeout_s,
                give_up_s=options.give_up_s,
                resume_words=resume_words(output=output, format=format, no_save=no_save),
                fail_fast=fail_fast,
            )
            follower = Follower(context, session, plan, server=host_of(server))
            follower.follow(session.watch(ids, options))
        if output == STDOUT:
            print_completed(context, server.api, chosen[0])


def _chosen(server: Connection, words: list[str], *, latest: bool) -> list[int]:
    if latest:
        return [latest_job(server).id]
    return job_ids(words, server) if words else running_jobs(server)
