"""Doing the same to several jobs: one that fails does not stop the others."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from fnt.context import AppContext
from fnt.errors import AuthError, FntError, PartialError, RejectedError, UsageError
from fnt.render.report import JobEntry, error_entry


def each_job(context: AppContext, ids: Sequence[int], act: Callable[[int], JobEntry]) -> None:
    """Act on each job and report it; raises what went wrong once all are done."""
    errors: list[FntError] = []
    for job_id in ids:
        try:
            context.report.jobs.append(act(job_id))
        except AuthError:
            raise
        except FntError as refusal:
            error = _as_mistake(refusal) if isinstance(refusal, RejectedError) else refusal
            errors.append(error)
            context.report.jobs.append(JobEntry(error=error_entry(error)))
            if len(ids) > 1:
                context.terminal.say_error(f"{job_id}: {error.message}")
    if len(errors) < len(ids) and errors:
        raise PartialError(f"{len(errors)} of {len(ids)} jobs came to nothing")
    if errors:
        raise errors[0]


def _as_mistake(refusal: RejectedError) -> UsageError:
    """Return a refusal as what it is here: asked of a job that is not in a state for it."""
    return UsageError(
        refusal.message, hint=refusal.hint, code=refusal.code, request_id=refusal.request_id
    )
