"""`fnt download`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Annotated

import typer

from fnt.commands.job_arguments import job_ids
from fnt.commands.jobs import each_job
from fnt.commands.option_groups import takes_groups
from fnt.commands.result_options import (
    ChapterOption,
    DownloadOptions,
    PagesOption,
    UnsavedOption,
)
from fnt.commands.shared_options import GIVE_UP, GiveUpOption
from fnt.config.settings.values import parse_duration
from fnt.errors import UsageError
from fnt.flow.patiently import Patiently
from fnt.flow.results.download import Result, save_result
from fnt.flow.results.output_plan import prepare_folder
from fnt.flow.results.selection import Selection
from fnt.flow.results.stdout import check_stdout, print_result
from fnt.flow.typed_line import was_typed
from fnt.flow.unsaved import (
    discard_saved,
    folders_of,
    recall,
    remembered_job,
    tell_unfinished,
)
from fnt.output.report.document import JobEntry

if TYPE_CHECKING:
    from fnt.connection import Connection
    from fnt.context import AppContext


@takes_groups
def download(
    ctx: typer.Context,
    jobs: Annotated[
        list[str] | None,
        typer.Argument(metavar="JOB...", help="Job numbers, ranges like 12-40, or @latest."),
    ] = None,
    *,
    unsaved: UnsavedOption = False,
    pages: PagesOption = "",
    chapter: ChapterOption = "",
    results: DownloadOptions,
    give_up: GiveUpOption = GIVE_UP,
) -> None:
    """Save the results of completed jobs, or parts of them.

    \b
    Examples:
      fnt download 12
      fnt download 12 --chapter 3 -f anki
      fnt download 12 --pages 12-30 -f html
      fnt download --unsaved

    With --unsaved and without -o, results go where their uploads would have saved them.
    """
    context: AppContext = ctx.obj
    selection = Selection.of_options(pages=pages, chapter=chapter)
    formats = results.formats()
    patiently = Patiently(context, parse_duration(give_up))
    if not jobs and not unsaved:
        raise UsageError("no jobs given", hint="fnt download 12, or fnt download --unsaved")
    with context.connected() as server:
        downloads = _Downloads(context, server, results, selection, patiently)
        ids = downloads.chosen(jobs or [], unsaved=unsaved)
        if not ids:
            context.terminal.say("no unsaved results")
        elif results.is_stdout:
            check_stdout(context.terminal, formats=formats, jobs=len(ids))
            downloads.print(ids[0])
        else:
            elsewhere = unsaved and not was_typed(ctx, "output")
            each_job(context, ids, downloads.saving(ids, elsewhere=elsewhere))


class _Downloads:
    """The results of jobs, each retried until the server can be reached."""

    def __init__(
        self,
        context: AppContext,
        server: Connection,
        options: DownloadOptions,
        selection: Selection,
        patiently: Patiently,
    ) -> None:
        self._context = context
        self._server = server
        self._memory = context.unsaved_jobs(server)
        self._options = options
        self._selection = selection
        self._patiently = patiently

    def chosen(self, words: Sequence[str], *, unsaved: bool) -> list[int]:
        """Return the jobs that were named, and with `unsaved` those that ended unsaved."""
        ids = self._patiently(lambda: job_ids(words, self._server))
        if not unsaved:
            return ids
        left = self._patiently(lambda: recall(self._memory, self._server.api))
        tell_unfinished(self._context.terminal, left)
        return list(dict.fromkeys([*ids, *(job.id for job in left if job.status.is_terminal)]))

    def print(self, job_id: int) -> None:
        """Write the result of one job to standard output."""
        [result] = self._results(job_id)
        self._patiently(lambda: print_result(self._context.terminal, result))
        discard_saved(self._memory, result)

    def saving(self, ids: Sequence[int], *, elsewhere: bool) -> Callable[[int], JobEntry]:
        """Return a function that saves one of the jobs.

        With `elsewhere`, results go where their uploads would have saved them.
        """
        folders = folders_of(self._context, ids, self._memory, elsewhere=elsewhere)
        output = self._options.plan(jobs=len(ids))
        prepare_folder(output.folder)

        def save(job_id: int) -> JobEntry:
            target = output.file or output.folder / folders.get(job_id, "")
            prepare_folder(target.parent if output.file else target)
            save_one = partial(
                save_result,
                target=target,
                overwrite=self._options.overwrite,
                may_be_there=job_id in folders and output.file is None,
            )
            found = self._results(job_id)
            paths = [self._patiently(partial(save_one, result)) for result in found]
            discard_saved(self._memory, found[0])
            for path in paths:
                self._context.terminal.result(str(path))
            return JobEntry(job=found[0].job, outputs=tuple(paths))

        return save

    def _results(self, job_id: int) -> list[Result]:
        """Return a completed job's result in each format."""
        api = self._server.api
        job = self._patiently(lambda: remembered_job(self._memory, api, job_id))
        return [Result(api, job, name, self._selection) for name in self._options.formats()]
