"""What the tests of workers ask of a deployment."""

from __future__ import annotations

from collections.abc import Callable

from sqlalchemy import select

from fnt.wire.job_status import JobStatus
from fnt_server.db.models import Job, Step, StepKind, StepStatus
from pdfs import make_pdf
from server.processes import Deployment
from server.records import fetch_steps

BOOK = make_pdf(pages=4)
DONE_WITHIN_S = 30.0
MakeDeployment = Callable[..., Deployment]


def has_ended(job: Job) -> bool:
    return JobStatus(job.status).is_terminal


def finish(deployment: Deployment, job_id: int) -> Job:
    return deployment.wait_for_job(job_id, has_ended, within_s=DONE_WITHIN_S, what="the job ends")


def result(deployment: Deployment, job: Job) -> bytes:
    assert (job.status, job.error_code) == (JobStatus.COMPLETED, None)
    return deployment.storage.get(job.result_key or "")


def in_the_chunks(job: Job) -> bool:
    return job.processed_chunks >= 1


def is_running_a_chunk(deployment: Deployment, job_id: int) -> bool:
    return any(
        step.kind == StepKind.CHUNK and step.status == StepStatus.RUNNING
        for step in fetch_steps(deployment.database, job_id)
    )


def slots_of(deployment: Deployment) -> list[int]:
    """Return the pool children that hold a step."""
    with deployment.database.read() as session:
        owners = session.scalars(select(Step.lease_owner).where(Step.status == StepStatus.RUNNING))
        return [int(owner.rpartition(".")[2]) for owner in owners if owner]
