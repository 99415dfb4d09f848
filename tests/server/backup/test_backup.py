"""`fnt-server backup` and `restore` as they are typed, on a server that is at work."""

from __future__ import annotations

import os
import signal
import sqlite3
import stat
import subprocess
import sys
import tarfile
from contextlib import closing
from pathlib import Path

import httpx
import pytest

from e2e.harness import ServerProcess, clean_environ, wait_for
from fnt.wire import paths
from fnt.wire.job_status import JobStatus
from fnt_server.backup import creation, restoration
from fnt_server.config import Config
from fnt_server.db.models import Job
from pdfs import make_pdf
from server.processes import Deployment, run_command
from server.records import claim, complete_chunk, fetch, fetch_steps, make_job, take_chunks
from server.services import private_schema

FAULTS = pytest.mark.faults
"""One moment of each kind is enough for every day."""


@pytest.fixture
def deployment(tmp_path: Path) -> Deployment:
    return Deployment(tmp_path / "data")


def restored(deployment: Deployment, backup: Path, folder: Path, *options: str) -> Deployment:
    done = restore(deployment, backup, folder, *options)
    assert (done.returncode, done.stderr) == (0, "")
    return Deployment(folder)


def restore(
    deployment: Deployment, backup: Path, folder: Path, *options: str
) -> subprocess.CompletedProcess[str]:
    return run_command(deployment, "restore", str(backup), "--data-dir", str(folder), *options)


def back_up_here(deployment: Deployment, target: Path) -> None:
    """The same as the command, without its start."""
    creation.create_backup(deployment.config, target, overwrite=False)


def restored_here(backup: Path, folder: Path, *, replace: bool = False) -> Deployment:
    """The same as the command, without its start."""
    config = Config.from_env(clean_environ(FNT_DATA_DIR=str(folder), FNT_BROKER_URL=""))
    restoration.restore_backup(config, backup, replace=replace)
    return Deployment(folder)


def back_up(deployment: Deployment, target: Path, *options: str) -> str:
    done = run_command(deployment, "backup", str(target), *options)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


def listing(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_what_was_backed_up_is_restored(deployment: Deployment, tmp_path: Path) -> None:
    user_id, token = deployment.add_user()
    job_id = deployment.add_job(user_id)
    login = deployment.log_in()
    backup = tmp_path / "fnt.backup"

    said = back_up(deployment, backup)
    copy = restored(deployment, backup, tmp_path / "copy")

    assert said == f"backup written to {backup}: database, 1 files, signing key. Keep it secret.\n"
    assert stat.S_IMODE(backup.stat().st_mode) == 0o600
    assert listing(tmp_path) == ["copy", "data", "fnt.backup"]
    assert copy.authenticator().identify(token).user_id == user_id
    assert copy.authenticator().identify(login.access_token)
    key = copy.job(job_id).file_key or ""
    assert copy.storage.get(key) == deployment.storage.get(key)
    for path in copy.folder.rglob("*"):
        assert stat.S_IMODE(path.stat().st_mode) & 0o077 == 0, path


def test_a_backup_of_a_server_at_work_is_finished_by_the_restored_one(tmp_path: Path) -> None:
    folder, backup = tmp_path / "data", tmp_path / "fnt.backup"
    server = ServerProcess(folder, FNT_PACE_MS="400", FNT_WORKERS="1").start()
    deployment = Deployment(folder)
    _user_id, token = deployment.add_user()
    client = httpx.Client(base_url=server.url, headers={"Authorization": f"Bearer {token}"})
    with client:
        ids = [submit(client, make_pdf(pages=12)) for _ in range(3)]
        deployment.wait_for_job(ids[0], lambda j: j.processed_chunks, within_s=60, what="work")
        back_up(deployment, backup)
    refused = restore(deployment, backup, folder, "--replace")
    assert refused.returncode == 2
    assert "another fnt-server is using" in refused.stderr
    server.kill()
    deployment.close()

    copy = restored(deployment, backup, tmp_path / "copy")
    again = ServerProcess(tmp_path / "copy").start()
    try:
        for job_id in ids:
            job = copy.wait_for_job(
                job_id, lambda j: JobStatus(j.status).is_terminal, within_s=60, what="the end"
            )
            assert job.status == JobStatus.COMPLETED
            assert copy.storage.get(job.result_key or "")
    finally:
        assert again.stop() == 0
        copy.close()


def submit(client: httpx.Client, content: bytes) -> int:
    confirmed = client.post(paths.CONFIRM, json={"original_filename": "a.pdf"})
    job_id: int = confirmed.json()["job_id"]
    files = {"job_id": (None, str(job_id)), "pdf_file": ("a.pdf", content)}
    client.post(paths.UPLOAD, files=files).raise_for_status()
    return job_id


def test_unfinished_jobs_begin_anew_from_their_file(deployment: Deployment, tmp_path: Path) -> None:
    user_id, _token = deployment.add_user()
    job, chunks = take_chunks(deployment.database, user_id, chunks=3)
    complete_chunk(deployment.database, chunks[0])
    deployment.storage.put(fetch(deployment.database, job.id).file_key or "", [b"x"])
    back_up_here(deployment, tmp_path / "b")

    copy = restored_here(tmp_path / "b", tmp_path / "copy")

    assert [(s.kind, s.status) for s in fetch_steps(copy.database, job.id)] == [
        ("analyse", "ready")
    ]
    assert claim(copy.database).job_id == job.id
    assert copy.job(job.id).version > deployment.job(job.id).version


def test_a_job_whose_file_was_lost_before_is_kept(deployment: Deployment, tmp_path: Path) -> None:
    user_id, _token = deployment.add_user()
    job = make_job(deployment.database, user_id)
    back_up_here(deployment, tmp_path / "b")

    assert restored_here(tmp_path / "b", tmp_path / "copy").job(job.id).id == job.id


@pytest.mark.parametrize("when", [1, *(pytest.param(when, marks=FAULTS) for when in (3, 5, 7))])
def test_a_killed_backup_leaves_no_file_and_does_not_stop_the_next(
    deployment: Deployment, tmp_path: Path, when: int
) -> None:
    user_id, _token = deployment.add_user()
    for _ in range(30):
        deployment.add_job(user_id, b"%PDF-" + bytes(200_000))
    backup = tmp_path / "b"

    kill_at_write(deployment, "backup", str(backup), number=when)

    assert not backup.exists()
    back_up_here(deployment, backup)
    assert listing(tmp_path) == ["b", "data"]
    assert len(restored_here(backup, tmp_path / "c").storage.list_keys("jobs/")) == 30


@pytest.mark.parametrize(
    ("when", "replace"),
    [(2, False), (8, True)]
    + [
        pytest.param(*case, marks=FAULTS)
        for case in ((7, False), (9, False), (6, True), (10, True))
    ],
)
def test_a_killed_restore_is_all_or_nothing(
    deployment: Deployment, tmp_path: Path, when: int, replace: bool
) -> None:
    user_id, _token = deployment.add_user()
    deployment.add_job(user_id)
    back_up_here(deployment, tmp_path / "b")
    folder = tmp_path / "copy"
    if replace:
        old = Deployment(folder)
        old.add_user()
        old.add_user()
        old.close()
    options = ["--replace"] if replace else []

    kill_at_write(
        deployment, "restore", str(tmp_path / "b"), "--data-dir", str(folder), *options, number=when
    )
    users = run_command(deployment, "user", "list", "--data-dir", str(folder))
    if users.returncode:
        assert users.stderr.endswith("was interrupted: run `fnt-server restore` again\n")
    else:
        assert users.stdout.count("@") in ({2, 1} if replace else {0, 1})

    copy = restored_here(tmp_path / "b", folder, replace=True)
    assert copy.storage.list_keys("jobs/")
    assert not [name for name in listing(folder) if name.startswith(".")]


def kill_at_write(deployment: Deployment, *command: str, number: int) -> None:
    """Run a command that dies as by SIGKILL at its so many-th change of the file system."""
    program = f"""
import os, sys
left = {number}
def hook(event, args):
    global left
    changes = event in ("os.rename", "os.mkdir", "os.link", "os.remove", "os.rmdir")
    writes = event == "open" and isinstance(args[2], int) and args[2] & (os.O_WRONLY | os.O_RDWR)
    if changes or writes:
        left -= 1
        if not left:
            os.kill(os.getpid(), 9)
sys.argv = ["fnt-server", *{list(command)!r}]
from fnt_server.backup import creation, restoration
from fnt_server.cli.commands import run_command
sys.addaudithook(hook)
sys.exit(run_command())
"""
    subprocess.run([sys.executable, "-c", program], env=deployment.environ, check=False, timeout=60)


def test_an_existing_backup_is_not_replaced_unless_asked(
    deployment: Deployment, tmp_path: Path
) -> None:
    backup = tmp_path / "b"
    backup.write_text("precious")

    done = run_command(deployment, "backup", str(backup))

    assert done.returncode == 2
    assert done.stderr.endswith("exists: choose another name, or pass --overwrite\n")
    assert backup.read_text() == "precious"
    back_up(deployment, backup, "--overwrite")
    assert tarfile.is_tarfile(backup)


def test_sigterm_removes_what_is_unfinished(deployment: Deployment, tmp_path: Path) -> None:
    fifo = deployment.folder / "files" / "jobs" / "1" / "source-a.pdf"
    user_id, _token = deployment.add_user()
    deployment.add_job(user_id)
    with deployment.database.write() as session:
        session.get_one(Job, 1).file_key = "jobs/1/source-a.pdf"
    os.mkfifo(fifo)  # it waits there
    process = deployment.start("backup", str(tmp_path / "b"))
    wait_for((tmp_path / ".b.part" / "archive").exists, within_s=20, what="the archive is begun")

    process.signal(signal.SIGTERM)

    assert process.wait(within_s=10) == 143
    assert listing(tmp_path) == ["data"]


def test_restore_refuses_a_folder_that_is_not_empty_or_in_use(
    deployment: Deployment, tmp_path: Path
) -> None:
    back_up_here(deployment, tmp_path / "b")
    full = tmp_path / "full"
    full.mkdir()
    (full / "notes.txt").write_text("mine")

    done = restore(deployment, tmp_path / "b", full)
    assert done.returncode == 2
    assert "is not empty: choose another --data-dir, or pass --replace" in done.stderr
    assert (full / "notes.txt").read_text() == "mine"

    # `web` and `worker` hold no lock, but have the database open.
    with deployment.database.read() as session:
        session.connection()
        done = restore(deployment, tmp_path / "b", deployment.folder, "--replace")
    assert done.returncode == 2
    assert done.stderr.endswith("is in use: stop the server first\n")


def test_replaced_data_is_kept(deployment: Deployment, tmp_path: Path) -> None:
    back_up_here(deployment, tmp_path / "b")
    old = Deployment(tmp_path / "old")
    user_id, _token = old.add_user()
    old.add_job(user_id)
    old.close()

    copy = restored(deployment, tmp_path / "b", tmp_path / "old", "--replace")

    (replaced,) = copy.folder.glob("before-restore-*")
    assert copy.storage.list_keys("jobs/") == []
    with closing(sqlite3.connect(replaced / "fnt.db")) as connection:
        assert connection.execute("SELECT email FROM users").fetchall() == [("u1@example.org",)]
    assert list(replaced.glob("files/jobs/1/source-*"))


def test_postgresql_and_a_bucket_are_named_not_included(tmp_path: Path) -> None:
    with private_schema() as url:
        deployment = Deployment(tmp_path / "data", DATABASE_URL=url)
        user_id, _token = deployment.add_user()
        deployment.add_job(user_id)
        done = run_command(deployment, "backup", str(tmp_path / "b"))
        deployment.close()

    assert done.returncode == 0
    assert "1 files, signing key" in done.stdout
    assert "not included: back it up with pg_dump" in done.stderr
    done = restore(deployment, tmp_path / "b", tmp_path / "copy")
    assert done.returncode == 0
    assert "pg_dump" in done.stderr
    assert list((tmp_path / "copy" / "files" / "jobs").rglob("source-*"))


def test_an_environment_that_leads_elsewhere_is_refused(
    deployment: Deployment, tmp_path: Path
) -> None:
    back_up_here(deployment, tmp_path / "b")
    deployment.environ["FNT_STORAGE_URL"] = (tmp_path / "elsewhere").as_uri()

    done = restore(deployment, tmp_path / "b", tmp_path / "copy")

    assert done.returncode == 2
    assert "FNT_STORAGE_URL points outside the data folder" in done.stderr
    assert not (tmp_path / "elsewhere").exists()
