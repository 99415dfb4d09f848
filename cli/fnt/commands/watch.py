"""`fnt watch`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from fnt.commands.job_arguments import job_ids, latest_job, running_jobs
from fnt.commands.option_groups import takes_groups
from fnt.commands.result_options import SaveOptions, UnsavedOption
from fnt.commands.run_options import RunOptions
from fnt.commands.shared_options import FailFastOption
from fnt.errors import UsageError
from fnt.flow.ledger import Ledger
from fnt.flow.patiently import Patiently
from fnt.flow.pipeline_run import PipelineRun
from fnt.flow.plan import Plan, ResumeHints, prepare_folders, refuse_existing
from fnt.flow.results.stdout import check_stdout, print_completed
from fnt.flow.typed_line import given_settings, typed_line, was_typed
from fnt.flow.unsaved import folders_of, recall, tell_unsaved_results

if TYPE_CHECKING:
    from fnt.connection import Connection
    from fnt.context import AppContext


@takes_groups
def watch(
    ctx: typer.Context,
    jobs: Annotated[
        list[str] | None,
        typer.Argument(metavar="[JOB]...", help="Job numbers, ranges like 12-40, or @latest."),
    ] = None,
    *,
    all_: Annotated[bool, typer.Option("--all", help="Watch all running jobs.")] = False,
    latest: Annotated[bool, typer.Option("--latest", help="Watch the newest job.")] = False,
    unsaved: UnsavedOption = False,
    results: SaveOptions,
    fail_fast: FailFastOption = False,
    run_options: RunOptions,
) -> None:
    """Watch jobs live and save their results.

    \b
    Examples:
      fnt watch --all
      fnt watch 12 13 -o sentences
      fnt watch --all --unsaved

    Ctrl-C leaves the jobs running. Run the same command to watch them again. With --unsaved and
    without -o, results go where their uploads would have saved them.
    """
    context: AppContext = ctx.obj
    run_options.keep_records(context)
    if (bool(jobs) + all_ + latest) > 1 or not (jobs or all_ or latest or unsaved):
        raise UsageError(
            "no jobs given", hint="fnt watch 12 13, fnt watch --latest or fnt watch --all"
        )
    if results.no_save and results.is_stdout:
        raise UsageError("-o - and --no-save are mutually exclusive")
    watch_options, formats = run_options.watch(), results.formats()
    patiently = Patiently(context, watch_options.give_up_s)
    with context.connected() as server, Ledger.in_memory(now=context.now) as ledger:
        memory = context.unsaved_jobs(server)
        ids = patiently(lambda: _chosen(server, jobs or [], all_=all_, latest=latest))
        if unsaved:
            found = patiently(lambda: recall(memory, server.api))
            ids = list(dict.fromkeys([*ids, *(job.id for job in found)]))
        elif all_:
            tell_unsaved_results(context.terminal, memory, server.api)
        if not ids:
            context.terminal.say("no unsaved jobs" if unsaved else "no running jobs")
            return
        if results.is_stdout:
            check_stdout(context.terminal, formats=formats, jobs=len(ids))
        elsewhere = unsaved and not was_typed(ctx, "output")
        folders = folders_of(context, ids, memory, elsewhere=elsewhere)
        plan = Plan(
            ledger=ledger,
            run=ledger.begin_watch(ids, folders=folders),
            output_plan=results.plan(jobs=len(ids)),
            watch=watch_options,
            give_up_s=watch_options.give_up_s,
            hints=_hints(ctx, results, unsaved=unsaved),
            timeout_s=context.settings().timeout_s,
            fail_fast=fail_fast,
            unsaved=memory,
        )
        _watch(context, server, plan, ids)
        if results.is_stdout:
            patiently(lambda: print_completed(context, server, formats[0]))


def _hints(ctx: typer.Context, results: SaveOptions, *, unsaved: bool) -> ResumeHints:
    context: AppContext = ctx.obj
    where = ["--unsaved"] if unsaved else []
    options = (*where, *results.resume_words(), *given_settings(context))
    return ResumeHints(again=typed_line(ctx, context), options=options)


def _watch(context: AppContext, server: Connection, plan: Plan, ids: list[int]) -> None:
    assert plan.run is not None
    refuse_existing(plan.ledger, plan.output_plan, run=plan.run)
    prepare_folders(plan.ledger, plan.output_plan, run=plan.run)
    with server.open_session() as session:
        PipelineRun(context, session, plan, api=server.api).watch(ids)


def _chosen(server: Connection, words: list[str], *, all_: bool, latest: bool) -> list[int]:
    if latest:
        return [latest_job(server).id]
    return running_jobs(server) if all_ else job_ids(words, server)
