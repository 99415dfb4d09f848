"""`fnt-server user …` as it is typed."""

from __future__ import annotations

from pathlib import Path

import pytest

from server.processes import Deployment, run_command


@pytest.fixture
def deployment(tmp_path: Path) -> Deployment:
    return Deployment(tmp_path / "data")


def test_a_removed_user_leaves_no_file(deployment: Deployment) -> None:
    """Files stayed for a day, until they were swept."""
    user_id, _token = deployment.add_user()
    other_id, _token = deployment.add_user()
    for owner in (user_id, user_id, other_id):
        deployment.add_job(owner)

    done = run_command(deployment, "user", "remove", "u1@example.org")

    assert (done.returncode, done.stderr) == (0, "")
    assert deployment.storage.list_keys("jobs/") == deployment.storage.list_keys("jobs/3/")
    assert len(deployment.storage.list_keys("jobs/3/")) == 1
    assert [path.name for path in (deployment.folder / "files" / "jobs").iterdir()] == ["3"]


def test_a_storage_that_fails_does_not_keep_the_user(deployment: Deployment) -> None:
    user_id, _token = deployment.add_user()
    deployment.add_job(user_id)
    deployment.environ["FNT_STORAGE_URL"] = "s3://nowhere/x"
    deployment.environ |= {
        "AWS_ENDPOINT_URL": "http://127.0.0.1:9",
        "AWS_ACCESS_KEY_ID": "x",
        "AWS_SECRET_ACCESS_KEY": "x",
        "AWS_ALLOW_HTTP": "true",
    }

    done = run_command(deployment, "user", "remove", "u1@example.org")

    assert done.returncode == 0
    assert done.stderr.startswith("fnt-server: the storage failed (StorageDownError)")
    assert run_command(deployment, "user", "list").stdout == ""
