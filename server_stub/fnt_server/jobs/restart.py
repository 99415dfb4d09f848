"""Restart every unfinished job of a stopped server from the beginning."""

from __future__ import annotations

from sqlalchemy import delete, select, update

from fnt_server.db.connection import Database, now
from fnt_server.db.models import Job, Step, StepKind, StepStatus
from fnt_server.jobs import state


def restart_unfinished(database: Database) -> None:
    """Set every unfinished job with a file back to its analysis, which needs only that file."""
    unfinished = (Job.status.in_(state.LIVE), Job.sha256.is_not(None))
    with database.write() as session:
        ids = session.scalars(select(Job.id).where(*unfinished)).all()
        session.execute(delete(Step).where(Step.job_id.in_(select(Job.id).where(*unfinished))))
        session.execute(
            update(Job)
            .where(*unfinished)
            .values(version=Job.version + 1, total_chunks=None, processed_chunks=0)
            .execution_options(synchronize_session=False)
        )
        session.add_all(
            Step(job_id=job_id, kind=StepKind.ANALYSE, status=StepStatus.READY, not_before=now())
            for job_id in ids
        )
