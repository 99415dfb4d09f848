"""`fnt download`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from fnt.commands.saving import prepare_folder
from fnt.commands.selection import FormatOption, JobsArgument, formats, job_ids
from fnt.commands.several import each_job
from fnt.commands.watch import OverwriteOption
from fnt.errors import AllFailedError, TemporaryError, UsageError
from fnt.render.report import JobEntry
from fnt.results import save_result
from fnt.wire.jobs import JobSnapshot, JobStatus
from fnt.wire.results import FORMATS

if TYPE_CHECKING:
    from fnt.context import AppContext, Connection


def download(
    ctx: typer.Context,
    jobs: JobsArgument,
    *,
    format: FormatOption = "txt",
    output: Annotated[
        str, typer.Option("--output", "-o", metavar="PATH|-", help="Folder, file, or - for stdout.")
    ] = ".",
    overwrite: OverwriteOption = False,
) -> None:
    """Save the results of completed jobs."""
    context: AppContext = ctx.obj
    chosen = formats(format)
    with context.connected() as server:
        ids = job_ids(jobs, server)
        if output == "-":
            _print_result(context, server, ids, chosen)
            return
        target = _target(Path(output), is_single=len(ids) * len(chosen) == 1)

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


def _target(path: Path, *, is_single: bool) -> Path:
    """Return a folder that exists, or the one file that is meant."""
    if is_single and path.suffix and not path.is_dir():
        prepare_folder(path.parent)
    else:
        prepare_folder(path)
    return path


def _completed(server: Connection, job_id: int) -> JobSnapshot:
    job = server.api.get_job(job_id)
    assert job is not None  # only a conditional request is answered by nothing
    if job.status is JobStatus.COMPLETED:
        return job
    if job.status.is_terminal:
        reason = f": {job.error_message}" if job.error_message else ""
        raise AllFailedError(f"job {job_id} {job.status}{reason}", code=job.error_code)
    raise TemporaryError(f"job {job_id} has not ended yet", hint=f"fnt watch {job_id}")


def _print_result(
    context: AppContext, server: Connection, ids: list[int], formats: tuple[str, ...]
) -> None:
    if len(ids) * len(formats) != 1 or not context.terminal.tells_results:
        raise UsageError("-o - writes one job in one format, and nothing beside it")
    if formats[0] not in FORMATS:
        raise UsageError(f"-o - cannot write {formats[0]}", hint="name a file or a folder")
    job = _completed(server, ids[0])
    with server.api.iter_result(job.id, formats[0]) as pieces:
        context.terminal.write_bytes(pieces)
