"""What a run remembers until it is saved, and what a later one finds."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path, PurePath
from typing import TYPE_CHECKING

from fnt.config.unsaved_jobs import Place, UnsavedJobs, is_same
from fnt.errors import AllFailedError, FntError, NotFoundError, UsageError
from fnt.flow.results.download import Result, completed_job
from fnt.flow.results.output_plan import prepare_folder
from fnt.output.formatting import plural
from fnt.wire.error_codes import ErrorCode
from fnt.wire.job_status import JobStatus
from fnt.wire.jobs import JobSnapshot

if TYPE_CHECKING:
    from fnt.api.client import ApiClient
    from fnt.context import AppContext
    from fnt.flow.ledger import Book
    from fnt.flow.plan import Plan
    from fnt.output.terminal import Terminal
    from fnt.progress import Accepted, Row

MAX_ASKED = 20
"""From more jobs on, listing all of the account's takes fewer requests than asking for each."""


def record_accepted(plan: Plan, book: Book, accepted: Accepted) -> None:
    """Remember a job of an upload; not one that was there before, and is not to be saved now."""
    if plan.unsaved is None or (accepted.is_skipped and plan.watch is None):
        return
    below = PurePath(book.stem).parent.as_posix()
    plan.unsaved.add(accepted.job, folder=plan.folder, below="" if below == "." else f"{below}/")


def record_retry(unsaved: UnsavedJobs, job: JobSnapshot, *, of: int, here: Path) -> None:
    """Remember a job in the place of the one that it retries."""
    place = unsaved.place(of) or Place(folder=str(here))
    unsaved.add(job, folder=place.folder, below=place.below)
    unsaved.discard(of)


def discard_ended(plan: Plan, book: Book, row: Row) -> None:
    """Forget a job whose results are saved, or that will never have one."""
    job_id = book.job_id if row.job is None else row.job.id
    if plan.unsaved is None or job_id is None or row.save_error is not None:
        return
    is_gone = row.refused is not None and row.refused.code == ErrorCode.JOB_NOT_FOUND
    if row.saved or is_gone or (row.is_failed and row.refused is None):
        plan.unsaved.discard(job_id)


def recall(unsaved: UnsavedJobs, api: ApiClient) -> list[JobSnapshot]:
    """Return the remembered jobs, oldest first; those that will never have a result are forgotten.

    A job that failed is still returned, for somebody to be told.
    """
    places = unsaved.places()
    jobs = {job.id: job for job in _found(places, api)}
    for job_id, place in places.items():
        job = jobs.get(job_id)
        if job is None or not is_same(place, job) or job.status is JobStatus.CANCELLED:
            unsaved.discard(job_id)
            jobs.pop(job_id, None)
    return [job for job in jobs.values() if job.uploaded_at is not None]


def tell_unsaved_results(terminal: Terminal, unsaved: UnsavedJobs, api: ApiClient) -> None:
    """Say how many results there are, if any and the server answers."""
    with suppress(FntError):
        number = sum(job.status is JobStatus.COMPLETED for job in recall(unsaved, api))
        if number:
            results = plural(number, "earlier result")
            terminal.say(f"never saved: {results}; to save them too, add --unsaved")


def tell_unfinished(terminal: Terminal, jobs: Iterable[JobSnapshot]) -> None:
    """Say how many remembered jobs have no result yet, if any."""
    number = sum(not job.status.is_terminal for job in jobs)
    if number:
        terminal.say(f"{plural(number, 'job')} still running; watch with: fnt watch --unsaved")


def discard_saved(unsaved: UnsavedJobs, result: Result) -> None:
    """Forget a job whose result is saved, but not if that is only a part of it."""
    if not result.selection:
        unsaved.discard(result.job.id)


def remembered_job(unsaved: UnsavedJobs, api: ApiClient, job_id: int) -> JobSnapshot:
    """Return a job that has a result; one that will never have one is forgotten."""
    try:
        return completed_job(api, job_id)
    except (AllFailedError, NotFoundError):
        unsaved.discard(job_id)
        raise


def _found(places: dict[int, Place], api: ApiClient) -> Iterator[JobSnapshot]:
    if len(places) > MAX_ASKED:
        listed = api.list_jobs(limit=None)
        yield from sorted((job for job in listed if job.id in places), key=lambda job: job.id)
        return
    for job_id in places:
        try:
            job = api.get_job(job_id)
        except NotFoundError:
            continue
        if job is not None:
            yield job


def folders_of(
    context: AppContext, ids: Iterable[int], unsaved: UnsavedJobs, *, elsewhere: bool
) -> dict[int, str]:
    """Return the folders of remembered jobs below the output folder, ending in a slash.

    With `elsewhere`, they are those that the upload was given; where one cannot be written to,
    the output folder stands in.
    """
    known = unsaved.places()
    places = {job_id: known[job_id] for job_id in ids if job_id in known}
    usable = {
        place.folder: elsewhere and _is_usable(place, context.terminal) for place in places.values()
    }
    return {
        job_id: _folder_of(place, context.cwd) if usable[place.folder] else place.below or "./"
        for job_id, place in places.items()
    }


def _is_usable(place: Place, terminal: Terminal) -> bool:
    if place.folder is None:
        return False
    try:
        prepare_folder(Path(place.folder))
    except UsageError as error:
        terminal.say(f"{error.message}; its results are saved here instead")
        return False
    return True


def _folder_of(place: Place, here: Path) -> str:
    path = Path(place.folder or "", place.below)
    near = path.relative_to(here) if path.is_relative_to(here) else path
    return f"{near.as_posix().rstrip('/')}/"
