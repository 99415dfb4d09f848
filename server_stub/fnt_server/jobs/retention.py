"""How long finished jobs are kept, and their deletion afterwards.

The database decides, not the setting of a process: during a restart they may differ. A rule never
brings a date forward that users were told: a shorter one counts from the day it was set.
"""

from __future__ import annotations

import contextlib
from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError

from fnt_server.db.connection import Database, clock, now
from fnt_server.db.models import Job, RetentionRule
from fnt_server.jobs import state

DELETED_AT_ONCE = 100
SOON_S = 7 * 86400.0
"""Users are told of jobs that expire within this time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ExpiringJobs:
    """Jobs of a user that expire soon: how many, and when the first does."""

    count: int
    first_at: float


def apply_setting(database: Database, keep_days: int) -> None:
    """Keep finished jobs for so many days from now on; 0 keeps them.

    Raised, a rule counts from where it did before; lowered, from now; unset, all are dropped.
    """
    with contextlib.suppress(IntegrityError), database.write() as session:  # another process won
        rules = session.scalars(select(RetentionRule)).all()
        dropped = [rule for rule in rules if rule.days < keep_days or not keep_days]
        for rule in dropped:
            session.delete(rule)
        if keep_days and keep_days not in {rule.days for rule in rules}:
            since = min((rule.since for rule in dropped), default=clock(session))
            session.add(RetentionRule(days=keep_days, since=since))


def delete_expired(database: Database) -> list[int]:
    """Delete some of the jobs that have expired; returns their ids, none if no more are left.

    The caller deletes their objects: those of jobs without a row are orphans, whatever happens.
    """
    with database.write() as session:
        expired = select(Job.id).where(Job.expires_at < now()).order_by(Job.id)
        chosen = expired.limit(DELETED_AT_ONCE).with_for_update(of=Job, skip_locked=True)
        ids = session.scalars(chosen).all()
        state.delete_rows(session, ids)
    return list(ids)


def expiring_soon(database: Database, user_id: int) -> ExpiringJobs | None:
    """Return which of a user's jobs expire soon; None if none do."""
    soon = (Job.user_id == user_id, Job.expires_at < now() + SOON_S)
    with database.read() as session:
        figures = select(func.count(), func.min(Job.expires_at)).where(*soon)
        count, first_at = session.execute(figures).one()
    return None if first_at is None else ExpiringJobs(count=count, first_at=first_at)
