"""Reducer from updates to displayed progress. Pure and deterministic."""

from __future__ import annotations

from dataclasses import replace
from types import MappingProxyType
from typing import TYPE_CHECKING

from fnt.progress.state import ProgressState, RetiredCounts, Row
from fnt.progress.updates import (
    Accepted,
    LinkState,
    Refused,
    RowsRetired,
    Saved,
    SaveFailed,
    Update,
    UploadProgress,
)
from fnt.wire.job_status import JobStatus

if TYPE_CHECKING:
    from fnt.wire.jobs import JobSnapshot  # importing it would slow down help and completion


def reduce(state: ProgressState, update: Update, *, now: float) -> ProgressState:
    """Apply one update; return the same object for a late or repeated one."""
    match update:
        case UploadProgress():
            return _fold_upload(state, update, now)
        case Accepted():
            return _fold_accepted(state, update, now)
        case Refused():
            return _fold_refused(state, update, now)
        case Saved() | SaveFailed():
            return _fold_saving(state, update)
        case RowsRetired():
            return _fold_retired(state, update)
        case LinkState():
            return state if update == state.link else replace(state, link=update)
        case _:
            return _fold_job(state, update, now)


def is_newer(current: JobSnapshot | None, candidate: JobSnapshot) -> bool:
    """Return whether a snapshot has a higher version, and the current one is not final."""
    if current is None:
        return True
    return not current.status.is_terminal and candidate.version > current.version


def _fold_job(state: ProgressState, job: JobSnapshot, now: float) -> ProgressState:
    for key in state.keys_by_job.get(job.id, (f"job:{job.id}",)):
        row = _row(state, key, title=job.original_filename, now=now - _age_s(job))
        if is_newer(row.job, job):
            state = _with_row(state, _advanced(row, job, now), job_id=job.id)
    return state


def _advanced(row: Row, job: JobSnapshot, now: float) -> Row:
    shown = row.job.progress_percent if row.job else 0
    job = job.replaced(progress_percent=max(shown, job.progress_percent))
    return replace(
        row,
        job=job,
        splitting=_splitting(row, job, now),
        changed_at=now,
        ended_at=now if job.status.is_terminal else None,
    )


def _age_s(job: JobSnapshot) -> float:
    """Return how old a job was at its last change, by the clock of its server."""
    if job.uploaded_at is None:
        return 0.0
    return ((job.completed_at or job.updated_at) - job.uploaded_at).total_seconds()


def _splitting(row: Row, job: JobSnapshot, now: float) -> tuple[float, int] | None:
    is_splitting = job.status is JobStatus.PROCESSING and job.total_chunks is not None
    return row.splitting or ((now, job.processed_chunks) if is_splitting else None)


def _fold_upload(state: ProgressState, update: UploadProgress, now: float) -> ProgressState:
    row = _row(state, update.key, title=update.title, now=now)
    if row.job is not None or row.is_done:
        return state
    row = replace(
        row,
        started_at=row.started_at if row.sent_bytes else now,
        sent_bytes=max(row.sent_bytes, update.sent_bytes),
        size_bytes=update.size_bytes,
        changed_at=now,
    )
    return _with_row(state, row)


def _fold_accepted(state: ProgressState, update: Accepted, now: float) -> ProgressState:
    row = _row(state, update.key, title=update.job.original_filename, now=now)
    if not is_newer(row.job, update.job):
        return state
    started_at = row.started_at if row.sent_bytes else now - _age_s(update.job)
    row = replace(
        row, started_at=started_at, sent_bytes=row.size_bytes, is_skipped=update.is_skipped
    )
    return _with_row(state, _advanced(row, update.job, now), job_id=update.job.id)


def _fold_refused(state: ProgressState, update: Refused, now: float) -> ProgressState:
    row = _row(state, update.key, title=update.title, now=now)
    if row.is_done:
        return state
    return _with_row(state, replace(row, refused=update, changed_at=now, ended_at=now))


def _fold_saving(state: ProgressState, update: Saved | SaveFailed) -> ProgressState:
    row = state.row_of(update.job_id) if update.key is None else state.rows.get(update.key)
    if row is None:
        return state
    if isinstance(update, Saved):
        if update.path in row.saved:
            return state
        return _with_row(state, replace(row, saved=(*row.saved, update.path)))
    if row.save_error is not None:
        return state
    return _with_row(state, replace(row, save_error=update.message))


def _fold_retired(state: ProgressState, update: RowsRetired) -> ProgressState:
    gone = [state.rows[key] for key in update.keys if key in state.rows and state.rows[key].is_done]
    if not gone:
        return state
    keys = {row.key for row in gone}
    refused = sum(row.refused is not None for row in gone)
    cancelled = sum(row.job is not None and row.job.status is JobStatus.CANCELLED for row in gone)
    failed = sum(row.is_failed for row in gone) - cancelled - refused
    retired = RetiredCounts(
        completed=state.retired.completed + len(gone) - failed - refused - cancelled,
        failed=state.retired.failed + failed,
        refused=state.retired.refused + refused,
        cancelled=state.retired.cancelled + cancelled,
    )
    return replace(
        state,
        rows=MappingProxyType({k: row for k, row in state.rows.items() if k not in keys}),
        keys_by_job=MappingProxyType(
            {
                job_id: left
                for job_id, followers in state.keys_by_job.items()
                if (left := tuple(key for key in followers if key not in keys))
            }
        ),
        retired=retired,
    )


def _row(state: ProgressState, key: str, *, title: str, now: float) -> Row:
    """Return a row, which may not have appeared yet."""
    return state.rows.get(key) or Row(key=key, title=title, started_at=now, changed_at=now)


def _with_row(state: ProgressState, row: Row, *, job_id: int | None = None) -> ProgressState:
    if row.key not in state.rows and state.pending:
        state = replace(state, pending=state.pending - 1)
    rows = MappingProxyType({**state.rows, row.key: row})
    followers = state.keys_by_job.get(job_id, ()) if job_id is not None else ()
    if job_id is None or row.key in followers:
        return replace(state, rows=rows)
    keys = MappingProxyType({**state.keys_by_job, job_id: (*followers, row.key)})
    return replace(state, rows=rows, keys_by_job=keys)
