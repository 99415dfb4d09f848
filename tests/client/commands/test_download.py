"""`fnt download`."""

from __future__ import annotations

from pathlib import Path

import pytest

from builders import make_snapshot
from fnt.errors import AllFailedError, PartialError, TemporaryError, UsageError
from fnt.wire.job_status import JobStatus
from fnt.wire.jobs import JobSnapshot
from world import FakeApi, World, completed, ended


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def with_jobs(*jobs: JobSnapshot) -> World:
    return World(api=FakeApi(*jobs))


@pytest.mark.parametrize(
    ("args", "files"),
    [
        (["12"], ["novel.txt"]),
        (["12", "-f", "csv"], ["novel.csv"]),
        (["12", "-f", "txt,json"], ["novel.txt", "novel.json"]),
        (["12", "-o", "new/folder"], ["new/folder/novel.txt"]),
        (["12", "-o", "new/name.txt"], ["new/name.txt"]),
        (["12", "13"], ["novel.txt", "novel-13.txt"]),
        (["12", "13", "-o", "a.dir"], ["a.dir/novel.txt", "a.dir/novel-13.txt"]),
    ],
)
def test_where_results_go(args: list[str], files: list[str], folder: Path) -> None:
    world = with_jobs(completed(), completed(job_id=13))

    assert world.invoke("download", *args).exit_code == 0

    assert world.out.splitlines() == files
    assert all((folder / name).read_bytes() == b"Une phrase.\n" for name in files)


def test_to_stdout_as_it_is() -> None:
    world = with_jobs(completed())
    world.api.results[12] = b"\x00\xff\x1b\r\n"

    assert world.invoke("download", "12", "-o", "-").exit_code == 0
    assert world.terminal.out.bytes.getvalue() == b"\x00\xff\x1b\r\n"  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    "args",
    [["12", "13", "-o", "-"], ["12", "-f", "txt,csv", "-o", "-"], ["12", "-o", "-", "--json"]],
)
def test_stdout_takes_one_result_and_nothing_else(args: list[str]) -> None:
    world = with_jobs(completed(), completed(job_id=13))

    assert isinstance(world.invoke("download", *args).exception, UsageError)


@pytest.mark.parametrize(
    ("job", "error"),
    [
        (make_snapshot(), TemporaryError),
        (ended(JobStatus.FAILED, error_message="no text"), AllFailedError),
        (ended(JobStatus.CANCELLED), AllFailedError),
    ],
)
def test_a_job_without_a_result(job: JobSnapshot, error: type[Exception], folder: Path) -> None:
    assert type(with_jobs(job).invoke("download", "12").exception) is error
    assert list(folder.iterdir()) == []


def test_one_without_a_result_does_not_stop_the_other() -> None:
    world = with_jobs(make_snapshot(), completed(job_id=13))

    assert isinstance(world.invoke("download", "12", "13").exception, PartialError)
    assert world.out == "novel.txt\n"
