"""`fnt batch run|retry`."""

from __future__ import annotations

import json
import shlex
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from fnt.commands.help_sections import RESULTS
from fnt.commands.input_options import PatternOptions
from fnt.commands.option_groups import takes_groups
from fnt.commands.result_options import (
    ExcelOption,
    FormatOption,
    LayoutOption,
    NoSaveOption,
    OverwriteOption,
)
from fnt.commands.run_options import ParallelOptions, RunOptions
from fnt.commands.sentence_options import SentenceOptions
from fnt.commands.shared_options import LastSourceArgument, LedgerOption
from fnt.errors import UsageError
from fnt.flow.inputs.manifest import Source, read_source
from fnt.flow.inputs.upload_items import Preparer
from fnt.flow.ledger import FAILED, BookStatus, Ledger
from fnt.flow.ledger.books import absolute
from fnt.flow.ledger.locate import held_ledger, ledger_path
from fnt.flow.patiently import Patiently
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
from fnt.flow.typed_line import given_settings, typed_line
from fnt.output.formatting import plural

if TYPE_CHECKING:
    from fnt.connection import Connection
    from fnt.context import AppContext

WINDOW = 64
"""Maximum number of unfinished jobs; enough to keep a large server busy."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FolderOptions:
    """Which results are saved, in which folder."""

    output: Annotated[
        Path,
        typer.Option(
            "--output", "-o", metavar="DIR", help="Output folder.", rich_help_panel=RESULTS
        ),
    ] = Path()
    format: FormatOption = "txt"
    layout: LayoutOption = "lines"
    excel: ExcelOption = False
    no_save: NoSaveOption = False
    overwrite: OverwriteOption = False

    def plan(self) -> OutputPlan:
        """Return the files to save the results to; raises UsageError."""
        if self.no_save:
            return OutputPlan(folder=self.output, formats=(), overwrite=self.overwrite)
        chosen = formats(self.format, layout=self.layout, excel=self.excel)
        return OutputPlan(folder=self.output, formats=chosen, overwrite=self.overwrite)


@takes_groups
def run(
    ctx: typer.Context,
    source: Annotated[
        str,
        typer.Argument(
            metavar="MANIFEST|DIR|-",
            help="CSV, JSON Lines, a list of paths, or a folder of PDFs.",
        ),
    ],
    *,
    ledger: LedgerOption = None,
    patterns: PatternOptions,
    sentences: SentenceOptions,
    results: FolderOptions,
    parallel_options: ParallelOptions,
    run_options: RunOptions,
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
    run_options.keep_records(context)
    watch = run_options.watch(window=WINDOW)
    books = Source.of(source, include=patterns.include or (), exclude=patterns.exclude or ())
    defaults = sentences.settings()
    output_plan = results.plan()
    hints = ResumeHints(again=typed_line(ctx, context), retry=_retry_line(context, source, ledger))
    path = ledger_path(source, ledger)
    with context.connected() as server, held_ledger(path, now=context.now, create=True) as opened:
        with opened.changing():
            terminal = context.terminal
            found = read_source(books, terminal.stdin, defaults=defaults, tell=terminal.say_error)
            number = opened.begin_run(found)
            refuse_collisions(
                opened, output_plan, run=number, hint="set a different output for each"
            )
            refuse_existing(opened, output_plan, run=number)
            _claim(context, opened, server, give_up_s=watch.give_up_s)
            folder = json.dumps(absolute(results.output))
            opened.keep({"output": folder, "formats": ",".join(output_plan.formats)})
        plan = Plan(
            ledger=opened,
            run=number,
            output_plan=output_plan,
            watch=watch,
            give_up_s=watch.give_up_s,
            hints=hints,
            parallel=parallel_options.number(context),
            timeout_s=context.settings().timeout_s,
            is_batch=True,
            noun="book",
        )
        _carry_out(context, server, plan)


@takes_groups
def retry(
    ctx: typer.Context,
    source: LastSourceArgument = None,
    *,
    ledger: LedgerOption = None,
    failed: Annotated[
        bool,
        typer.Option("--failed", help="Only failed jobs, not cancelled jobs or refused files."),
    ] = False,
    overwrite: OverwriteOption = False,
    parallel_options: ParallelOptions,
    run_options: RunOptions,
) -> None:
    """Retry failed books as new jobs.

    Results go where the last batch run had them go. What was left over by that run, or by a retry
    that was ended, is done as well.
    """
    context: AppContext = ctx.obj
    run_options.keep_records(context)
    watch = run_options.watch(window=WINDOW)
    path = ledger_path(source, ledger)
    again = _retry_line(context, source, ledger)
    with context.connected() as server, held_ledger(path, now=context.now, create=False) as opened:
        output_plan = _last_output_plan(opened, overwrite=overwrite)
        _claim(context, opened, server, give_up_s=watch.give_up_s)
        number = opened.again([BookStatus.FAILED] if failed else FAILED)
        context.terminal.say(f"retrying {plural(number, 'book')}")
        plan = Plan(
            ledger=opened,
            run=None,
            output_plan=output_plan,
            watch=watch,
            give_up_s=watch.give_up_s,
            hints=ResumeHints(again=again, retry=again),
            parallel=parallel_options.number(context),
            timeout_s=context.settings().timeout_s,
            is_batch=True,
            noun="book",
        )
        _carry_out(context, server, plan)


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


def _claim(context: AppContext, ledger: Ledger, server: Connection, *, give_up_s: float) -> None:
    """Raise UsageError if the ledger belongs to another server or account."""
    user = Patiently(context, give_up_s)(server.api.me)
    ledger.claim(server=server.name, user=user.email)


def _carry_out(context: AppContext, server: Connection, plan: Plan) -> None:
    prepare_folders(plan.ledger, plan.output_plan, run=plan.run)
    child = context.warm_child()
    preparer = Preparer(plan.ledger, plan.output_plan, new_key=context.new_key, warm_child=child)
    # On an interrupt, the preparer first: a check that is cut short while it runs is a warning.
    with child, closing(preparer), server.open_session() as session:
        PipelineRun(context, session, plan, api=server.api, preparer=preparer).upload()
