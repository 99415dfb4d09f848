"""`fnt download`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

from fnt.commands.job_arguments import job_ids
from fnt.commands.jobs import each_job
from fnt.commands.shared_options import FormatOption, JobsArgument, OutputOption, OverwriteOption
from fnt.errors import AllFailedError, TemporaryError
from fnt.flow.results.download import save_result
from fnt.flow.results.format_option import formats
from fnt.flow.results.output_plan import OutputPlan, prepare_folder
from fnt.flow.results.stdout import STDOUT, check_stdout, print_result
from fnt.output.report.document import JobEntry
from fnt.wire.job_status import JobStatus
from fnt.wire.jobs import JobSnapshot

if TYPE_CHECKING:
    from fnt.context import AppContext, Connection


def download(
    ctx: typer.Context,
    jobs: JobsArgument,
    *,
    format: FormatOption = "txt",
    output: OutputOption = ".",
    overwrite: OverwriteOption = False,
) -> None:
    """Save the results of completed jobs."""
    context: AppContext = ctx.obj
    chosen = formats(format)
    with context.connected() as server:
        ids = job_ids(jobs, server)
        if output == STDOUT:
            check_stdout(context.terminal, formats=chosen, jobs=len(ids))
            job = _completed(server, ids[0])
            print_result(context.terminal, server.api, job.id, format=chosen[0])
            return
        to = OutputPlan.of_option(output, formats=chosen, jobs=len(ids), overwrite=overwrite)
        prepare_folder(to.folder)
        target = to.file or to.folder

        def save(job_id: int) -> JobEntry:
            job = _completed(server, job_id)
            paths = [
                save_result(server.api, job, format=name, target=target, overwrite=overwrite)
                for name in chosen
            ]
            for path in paths:
                context.terminal.result(str(path))
            return JobEntry(job=job, outputs=tuple(paths))

        each_job(context, ids, save)


def _completed(server: Connection, job_id: int) -> JobSnapshot:
    job = server.api.get_job(job_id)
    assert job is not None  # only a conditional request can return None
    if job.status is JobStatus.COMPLETED:
        return job
    if job.status.is_terminal:
        reason = f": {job.error_message}" if job.error_message else ""
        raise AllFailedError(f"job {job_id} {job.status}{reason}", code=job.error_code)
    raise TemporaryError(f"job {job_id} has not finished yet", hint=f"fnt watch {job_id}")
