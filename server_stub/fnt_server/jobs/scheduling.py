"""Fair scheduling: the user with the fewest running steps, then the one who has waited longest."""

from __future__ import annotations

from typing import Any, Final

from sqlalchemy import Select, Subquery, func, select
from sqlalchemy.orm import Session

from fnt_server.db.connection import now
from fnt_server.db.models import Job, Step, StepStatus, User

CANDIDATES = 64
"""Candidates per claim: this many slots can claim at the same moment."""


def claim_candidate(session: Session) -> tuple[Step, Job] | None:
    """Lock the fairest step that no other worker is claiming.

    Selects first, then locks: in one query, PostgreSQL would sort all whole rows to lock one.
    """
    for step_id in session.scalars(_CANDIDATES).all():
        found = session.execute(
            select(Step, Job)
            .join(Job, Job.id == Step.job_id)
            .where(Step.id == step_id, Step.status == StepStatus.READY)
            .with_for_update(of=Step, skip_locked=True)
        ).first()
        if found is not None:
            return found[0], found[1]
    return None


def _fairest() -> Select[int]:
    at = select(now()).scalar_subquery()  # read once: as a plain condition, for each ready step
    running = Step.status == StepStatus.RUNNING
    of_job = _count(select(Step.job_id.label("id")).where(running), Step.job_id)
    of_user = _count(
        select(Job.user_id.label("id")).join(Step, Step.job_id == Job.id).where(running),
        Job.user_id,
    )
    return (
        select(Step.id)
        .join(Job, Job.id == Step.job_id)
        .join(User, User.id == Job.user_id)
        .outerjoin(of_user, of_user.c.id == Job.user_id)
        .outerjoin(of_job, of_job.c.id == Job.id)
        .where(Step.status == StepStatus.READY, Step.not_before <= at)
        .order_by(
            func.coalesce(of_user.c.count, 0),
            func.coalesce(User.served_at, 0),
            func.coalesce(of_job.c.count, 0),
            Job.id,
            Step.id,
        )
    )


def _count(query: Select[Any], by: Any) -> Subquery:
    return query.add_columns(func.count().label("count")).group_by(by).subquery()


_CANDIDATES: Final = _fairest().limit(CANDIDATES)
"""Made once: to put it together and find it compiled takes longer than to run it."""
