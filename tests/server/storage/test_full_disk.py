"""A storage without room, at each stage of a job's way, and then with some again."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from e2e.harness import wait_for
from fnt.wire import paths
from fnt.wire.job_status import JobStatus
from fnt_server.db.models import Job, StepKind, StepStatus
from pdfs import make_pdf
from server.api_client import BOUNDARY, PDF, form
from server.processes import Deployment, WebProcess
from server.records import fetch_steps
from server.services import BrokerProcess

pytestmark = pytest.mark.faults

PAGE = 4096
WITHIN_S = 30.0
BOOK = make_pdf(pages=4)


class Disk:
    """A small file system in memory."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._ballast = folder / "ballast"

    def fill(self, *, leaving: int = 0) -> None:
        """Take all room but so many bytes, in whole pages."""
        with self._ballast.open("wb", buffering=0) as file:
            with suppress(OSError):
                while True:
                    file.write(b"\1" * PAGE)
            file.truncate(max(0, file.tell() // PAGE * PAGE - leaving))

    def free(self) -> None:
        self._ballast.unlink()


@pytest.fixture(scope="module")
def disk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Disk]:
    folder = tmp_path_factory.mktemp("disk")
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=1m,mode=700", "tmpfs", folder],
        capture_output=True,
        check=False,
    )
    if mounted.returncode:
        pytest.skip("mounting a small file system is for root")
    yield Disk(folder)
    subprocess.run(["umount", "--lazy", folder], check=True)


@pytest.fixture(scope="module")
def deployment(
    disk: Disk, tmp_path_factory: pytest.TempPathFactory, broker_process: BrokerProcess
) -> Iterator[Deployment]:
    deployment = Deployment(
        tmp_path_factory.mktemp("deployment"),
        broker_url=broker_process.url,
        FNT_STORAGE_URL=(disk.folder / "files").as_uri(),
        FNT_WORKERS="1",
        FNT_PACE_MS="700",
    )
    yield deployment
    deployment.close()


@pytest.fixture(scope="module")
def web(deployment: Deployment) -> WebProcess:
    deployment.start_worker()
    return deployment.start_web()


def ended(job: Job) -> bool:
    return JobStatus(job.status).is_terminal


def test_an_upload_without_room_is_507_and_can_be_sent_again(
    disk: Disk, deployment: Deployment, web: WebProcess
) -> None:
    """What the full disk took before it was full is gone, and what runs in a job fails with it."""
    user_id, token = deployment.add_user()
    waiting = deployment.add_job(user_id, PDF)
    disk.fill()
    with web.client(token) as client:
        job_id = client.post(paths.CONFIRM, json={"original_filename": "r.pdf"}).json()["job_id"]
        headers = {"Content-Type": f"multipart/form-data; boundary={BOUNDARY}"}
        refused = client.post(paths.UPLOAD, content=form(job_id), headers=headers)

        failed = deployment.wait_for_job(waiting, ended, within_s=WITHIN_S, what="the other fails")
        disk.free()
        claimed = client.post(paths.UPLOAD, content=form(job_id), headers=headers)
        again = client.post(paths.job(waiting, "retry"))

    assert (refused.status_code, refused.json()["error_code"]) == (507, "STORAGE_FULL")
    assert refused.headers["Retry-After"]
    assert (failed.status, failed.error_code, failed.attempts) == ("failed", "STORAGE_FULL", 3)
    assert (claimed.status_code, again.status_code) == (202, 201)
    for healed in (job_id, again.json()["id"]):
        job = deployment.wait_for_job(healed, ended, within_s=WITHIN_S, what="the job ends")
        assert (job.status, job.attempts) == ("completed", 0)


@pytest.mark.parametrize(("kind", "left"), [(StepKind.CHUNK, 0), (StepKind.MERGE, PAGE)])
def test_a_step_without_room_is_tried_again_to_the_same_end(
    disk: Disk, deployment: Deployment, web: WebProcess, kind: StepKind, left: int
) -> None:
    """There is room for the last chunk's result, or not even for that; then there is some."""
    user_id, _ = deployment.add_user()
    job_id = deployment.add_job(user_id, BOOK)
    deployment.wait_for_job(
        job_id, lambda job: job.processed_chunks == 3, within_s=WITHIN_S, what="the last chunk"
    )
    disk.fill(leaving=left)

    def tried() -> bool:
        return any(
            step.kind == kind and step.last_error_code == "STORAGE_FULL"
            for step in fetch_steps(deployment.database, job_id)
        )

    wait_for(tried, within_s=WITHIN_S, what="the step has failed once")
    disk.free()
    job = deployment.wait_for_job(job_id, ended, within_s=WITHIN_S, what="the job ends")

    assert job.status == "completed"
    assert job.attempts in {1, 2}
    assert {step.status for step in fetch_steps(deployment.database, job_id)} == {StepStatus.DONE}
    lines = deployment.storage.get(job.result_key or "").splitlines()
    assert len(lines) == job.sentence_count
