"""The file of a job: stored under its own key, attached by compare-and-set."""

from __future__ import annotations

import secrets

from fnt_server.db.models import Job
from fnt_server.jobs import creation, queries
from fnt_server.jobs.creation import StoredFile
from fnt_server.jobs.state import JobRefused
from fnt_server.web.services import Services


def new_file_key(job_id: int) -> str:
    """Return a key that no other upload writes to, not even one to the same job."""
    return f"jobs/{job_id}/source-{secrets.token_hex(8)}.pdf"


def attach(services: Services, job_id: int, stored: StoredFile) -> Job:
    """Attach the file to the job, then send a wakeup and publish; deletes an unneeded object.

    Raises JobRefused for different bytes than the first time and for a job that has ended.
    """
    try:
        job, is_new = creation.attach_file(
            services.database, job_id, stored, quota_bytes=services.config.quotas.user_quota_bytes
        )
    except JobRefused:
        services.storage.delete([stored.key])
        raise
    if not is_new:
        services.storage.delete([stored.key])
        return job
    services.publisher.notify_workers()
    services.publisher.publish(queries.snapshot(job).to_wire())
    return job
