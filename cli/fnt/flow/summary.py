"""How a run as a whole ended: one error, or none, and an entry for each job."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from fnt.errors import (
    AllFailedError,
    ExitCode,
    FntError,
    NotFoundError,
    PartialError,
    QuotaError,
    RefusedInputError,
    TemporaryError,
)
from fnt.output.report.document import JobEntry, problem_entry
from fnt.progress import ProgressState, Refused, Row
from fnt.wire.job_status import JobStatus

REFUSALS: Sequence[tuple[ExitCode, type[FntError]]] = (
    (ExitCode.NOT_FOUND, NotFoundError),
    (ExitCode.REFUSED, RefusedInputError),
    (ExitCode.QUOTA, QuotaError),
    (ExitCode.TEMPORARY, TemporaryError),
)
"""What a run of refused inputs alone ends with: the first that occurs."""


def error_of(
    state: ProgressState, *, save_errors: Sequence[FntError] = (), unsaved: Sequence[str] = ()
) -> FntError | None:
    """Sum up the rows that ended; None when all is well.

    `unsaved` are the keys of rows that the server was away for when they were to be saved.
    """
    rows = list(state.rows.values())
    bad = [row for row in rows if row.is_failed or row.save_error is not None]
    if not bad:
        return None
    if unsaved:
        return _unsaved_error(rows, bad, unsaved)
    if len(bad) < len(rows):
        return PartialError(f"{len(bad)} of {len(rows)} jobs failed")
    if any(row.job is not None and row.is_failed for row in bad):
        return AllFailedError(_all_failed(bad), code=_shared_code(bad))
    if save_errors and not any(row.refused for row in bad):
        return save_errors[0]
    return _all_refused(bad)


def _unsaved_error(rows: list[Row], bad: list[Row], unsaved: Sequence[str]) -> FntError:
    ids = [row.job.id for row in rows if row.key in unsaved and row.job is not None]
    hint = f"run: fnt download {' '.join(map(str, ids))}"
    message = f"{len(ids)} of {len(rows)} results not saved"
    if failed := len(bad) - len(unsaved):
        return PartialError(f"{failed} of {len(rows)} jobs failed, {message}", hint=hint)
    return TemporaryError(message, hint=hint, code="NOT_SAVED")


def entries_of(state: ProgressState, *, files: Mapping[str, str]) -> list[JobEntry]:
    """Return an entry for each row; `files` names inputs by row key."""
    return [entry_of(row, file=files.get(key)) for key, row in state.rows.items()]


def entry_of(row: Row, *, file: str | None) -> JobEntry:
    """Return the entry of one row."""
    return JobEntry(
        file=file,
        job=row.job,
        outputs=row.saved,
        error=_problem(row),
        is_skipped=row.is_skipped,
    )


def _all_failed(bad: list[Row]) -> str:
    cancelled = [row for row in bad if row.job and row.job.status is JobStatus.CANCELLED]
    if len(bad) == 1:
        return "the job was cancelled" if cancelled else "the job failed"
    return f"all {len(bad)} jobs failed or were cancelled"


def _shared_code(bad: list[Row]) -> str | None:
    codes = {row.job.error_code for row in bad if row.job is not None}
    return codes.pop() if len(codes) == 1 else None


def _all_refused(bad: list[Row]) -> FntError:
    refused = [row.refused for row in bad if row.refused is not None]
    for exit_code, kind in REFUSALS:
        for refusal in refused:
            if refusal.exit_code is exit_code:
                return _refusal_error(kind, refusal, count=len(bad))
    return AllFailedError(refused[0].message if refused else "nothing could be done")


def _refusal_error(kind: type[FntError], refusal: Refused, *, count: int) -> FntError:
    said = refusal.message
    text = said if count == 1 else f"all {count} files were refused; the first: {said}"
    return kind(text, hint=refusal.hint, code=refusal.code, request_id=refusal.request_id)


def _problem(row: Row) -> dict[str, Any] | None:
    if row.refused is not None:
        refusal = row.refused
        return problem_entry(
            refusal.code or refusal.exit_code.name,
            refusal.message,
            hint=refusal.hint,
            retryable=refusal.exit_code is ExitCode.TEMPORARY,
            request_id=refusal.request_id,
        )
    if row.save_error is not None:
        return problem_entry(
            "NOT_SAVED", row.save_error, hint=f"fnt download {row.job and row.job.id}"
        )
    if row.is_failed and row.job is not None:
        return problem_entry(
            row.job.error_code or row.job.status.upper(),
            row.job.error_message or row.job.status.value,
        )
    return None
