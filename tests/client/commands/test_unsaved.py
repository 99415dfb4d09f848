"""`--unsaved`: what ended while nobody watched."""

from __future__ import annotations

from pathlib import Path

import pytest

from builders import MOMENT, make_snapshot
from fnt.config.unsaved_jobs import UnsavedJobs
from fnt.errors import AllFailedError, TemporaryError, UsageError
from fnt.wire.job_status import JobStatus
from fnt.wire.jobs import JobSnapshot
from pdfs import make_pdf
from world import SERVER, FakeApi, FakeSession, World, completed, ended, uploaded

ARGS = ("--server", SERVER)


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "here"
    (folder / "lib" / "a").mkdir(parents=True)
    (folder / "lib" / "a" / "novel.pdf").write_bytes(make_pdf())
    monkeypatch.chdir(folder)
    return folder


@pytest.fixture
def memory(tmp_path: Path) -> UnsavedJobs:
    return UnsavedJobs(tmp_path / "config", server=SERVER, account=lambda: "me@x.org")


def world(*jobs: JobSnapshot, script: object = (), folder: Path) -> World:
    made = World(api=FakeApi(*jobs), session=FakeSession(script), cwd=folder)  # type: ignore[arg-type]
    made.environ["FNT_CONFIG_DIR"] = str(folder.parent / "config")
    return made


def sent(**changes: object) -> JobSnapshot:
    return completed(uploaded_at=MOMENT, **changes)


def files(folder: Path) -> list[str]:
    return sorted(str(p.relative_to(folder)) for p in folder.rglob("*") if p.suffix == ".txt")


@pytest.mark.parametrize("command", ["watch", "download"])
@pytest.mark.parametrize(
    ("args", "expected"),
    [
        ([], "out/a/novel.txt"),
        (["-o", "other"], "other/a/novel.txt"),
        (["-o", "."], "a/novel.txt"),
        (["-o", "one.txt"], "one.txt"),
    ],
)
def test_a_detached_upload_is_saved_in_its_tree(
    folder: Path, memory: UnsavedJobs, command: str, args: list[str], expected: str
) -> None:
    first = world(script=uploaded(), folder=folder)
    first.invoke("upload", "-r", "lib", "-o", "out", "--detach", *ARGS)
    assert list(memory.places()) == [12]

    later = world(sent(), script=[sent()], folder=folder)
    result = later.invoke(command, "--unsaved", *args, *ARGS)

    assert result.exit_code == 0, result.exception
    assert later.out == f"{expected}\n"
    assert files(folder) == [expected]
    assert memory.places() == {}


def test_from_another_folder_it_goes_where_the_upload_would_have_saved_it(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    world(script=uploaded(), folder=folder).invoke("upload", "-r", "lib", "-d", *ARGS)
    monkeypatch.chdir(tmp_path)
    later = world(sent(), folder=folder)
    later.cwd = tmp_path / "away"

    later.invoke("download", "--unsaved", *ARGS)

    assert later.out == f"{folder}/a/novel.txt\n"
    assert files(folder) == ["a/novel.txt"]


def test_the_line_to_resume_keeps_the_tree(folder: Path, memory: UnsavedJobs) -> None:
    left = world(script=[*uploaded(), KeyboardInterrupt()], folder=folder)
    left.invoke("upload", "-r", "lib", "-w", "-o", "out", "-f", "csv,txt", *ARGS)
    line = "fnt watch 12 -o out -f csv,txt --server https://books.example.org"
    assert f"resume with: {line}\n" in left.err

    world(sent(), script=[sent()], folder=folder).invoke(*line.split()[1:])

    assert files(folder) == ["out/a/novel.txt"]
    assert memory.places() == {}


@pytest.mark.slow
def test_the_line_to_download_keeps_the_tree(folder: Path) -> None:
    failing = world(sent(), script=[*uploaded(), sent()], folder=folder)
    failing.api.iter_result = lambda *_: (_ for _ in ()).throw(  # type: ignore[method-assign]
        TemporaryError("away")
    )
    error = failing.invoke("upload", "-r", "lib", "-w", "-o", "out", "--give-up", "1s", *ARGS)
    assert isinstance(error.exception, TemporaryError)
    line = "fnt download 12 -o out --server https://books.example.org"
    assert error.exception.hint == f"run: {line}"

    world(sent(), folder=folder).invoke(*line.split()[1:])

    assert files(folder) == ["out/a/novel.txt"]


def test_only_a_written_file_counts(folder: Path, memory: UnsavedJobs) -> None:
    world(script=uploaded(), folder=folder).invoke("upload", "lib/a/novel.pdf", "-d", *ARGS)
    seen = world(sent(), script=[sent()], folder=folder)

    seen.invoke("watch", "12", "--no-save", *ARGS)
    assert list(memory.places()) == [12]
    seen.invoke("download", "12", "-f", "docx", *ARGS)
    assert list(memory.places()) == [12]
    seen.api.results[12] = b'{"text": "a"}\n'
    seen.invoke("download", "12", "--pages", "1", *ARGS)
    assert list(memory.places()) == [12]  # that was a part of it
    seen.invoke("download", "12", "-o", "-", *ARGS)
    assert memory.places() == {}


@pytest.mark.parametrize("args", [["--no-save", "-d"], ["--no-save", "-w"]])
def test_what_is_not_to_be_saved_is_not_remembered(
    folder: Path, memory: UnsavedJobs, args: list[str]
) -> None:
    world(script=uploaded(), folder=folder).invoke("upload", "lib/a/novel.pdf", *args, *ARGS)

    assert memory.places() == {}


def test_watch_all_says_that_there_is_something(folder: Path, memory: UnsavedJobs) -> None:
    memory.add(sent(), folder=None, below="")
    memory.add(sent(job_id=13), folder=None, below="")
    running = make_snapshot(id=13, uploaded_at=MOMENT)

    told = world(sent(), running, script=[sent(job_id=13)], folder=folder)
    told.invoke("watch", "--all", *ARGS)
    assert "never saved: 1 earlier result; to save them too, add --unsaved\n" in told.err

    both = world(sent(), sent(job_id=13), script=[sent()], folder=folder)
    both.invoke("watch", "--all", "--unsaved", *ARGS)
    assert both.session.asked[0][1] == [12]  # 13 was saved
    nothing = world(sent(), folder=folder)
    assert nothing.invoke("watch", "--all", *ARGS).exit_code == 0
    assert nothing.err == "no running jobs\n"


def test_running_jobs_are_watched_and_not_downloaded(folder: Path, memory: UnsavedJobs) -> None:
    memory.add(make_snapshot(), folder=None, below="")
    running = make_snapshot(uploaded_at=MOMENT)

    watched = world(running, script=[sent()], folder=folder)
    downloaded = world(running, folder=folder)
    assert downloaded.invoke("download", "--unsaved", *ARGS).exit_code == 0
    assert downloaded.err == (
        "1 job still running; watch with: fnt watch --unsaved\nno unsaved results\n"
    )
    assert watched.invoke("watch", "--unsaved", *ARGS).exit_code == 0
    assert files(folder) == ["novel.txt"]


@pytest.mark.parametrize("command", ["watch", "download"])
def test_a_failed_job_is_told_once(folder: Path, memory: UnsavedJobs, command: str) -> None:
    failed = ended(JobStatus.FAILED, uploaded_at=MOMENT, error_message="no text")
    memory.add(failed, folder=None, below="")

    told = world(failed, script=[failed], folder=folder).invoke(command, "--unsaved", *ARGS)
    assert isinstance(told.exception, AllFailedError)

    again = world(failed, folder=folder).invoke(command, "--unsaved", *ARGS)
    assert (again.exit_code, again.exception) == (0, None)


def test_the_end_of_several_names_each_job(folder: Path, memory: UnsavedJobs) -> None:
    failed = ended(JobStatus.FAILED, job_id=13, uploaded_at=MOMENT, error_message="no text")
    for job in (sent(), failed):
        memory.add(job, folder=str(folder / "out"), below="")

    at = world(sent(), failed, script=[sent(), failed], folder=folder)
    at.invoke("watch", "--unsaved", *ARGS)

    *_, counts, failure = at.err.splitlines()
    assert counts.startswith("1 saved, 1 failed, ")
    assert failure.startswith("novel.pdf: failed: no text")


@pytest.mark.parametrize("number", [1, 30])
def test_what_the_server_no_longer_has_is_forgotten(
    folder: Path, memory: UnsavedJobs, number: int
) -> None:
    """That is also a job of the same number on a server that was set up anew."""
    for job_id in range(1, number + 1):
        memory.add(sent(job_id=job_id), folder=None, below="")
    other = sent(job_id=1, created_at=MOMENT.replace(year=2027))
    cancelled = ended(JobStatus.CANCELLED, job_id=2, uploaded_at=MOMENT)

    at = world(other, cancelled, folder=folder)
    assert at.invoke("download", "--unsaved", *ARGS).exit_code == 0

    assert (memory.places(), files(folder)) == ({}, [])


def test_a_retry_takes_the_place_of_its_job(folder: Path, memory: UnsavedJobs) -> None:
    memory.add(sent(), folder=str(folder / "out"), below="a/")
    failed = ended(JobStatus.FAILED, uploaded_at=MOMENT)

    world(failed, folder=folder).invoke("jobs", "retry", "12", *ARGS)

    [(job_id, place)] = memory.places().items()
    assert (job_id, place.folder, place.below) == (112, str(folder / "out"), "a/")


def test_a_removed_job_is_forgotten(folder: Path, memory: UnsavedJobs) -> None:
    memory.add(sent(), folder=None, below="")

    world(sent(), folder=folder).invoke("jobs", "rm", "12", "--yes", *ARGS)

    assert memory.places() == {}


def test_a_folder_that_is_gone_does_not_keep_the_others(folder: Path, memory: UnsavedJobs) -> None:
    (folder / "out").write_text("a file")
    memory.add(sent(), folder=str(folder / "out"), below="a/")
    memory.add(sent(job_id=13), folder=str(folder / "fine"), below="")

    at = world(sent(), sent(job_id=13), folder=folder)
    assert at.invoke("download", "--unsaved", *ARGS).exit_code == 0

    assert at.out.split() == ["a/novel.txt", "fine/novel.txt"]
    assert "out cannot be used as a folder" in at.err


def test_a_file_saved_just_before_a_kill_is_not_saved_twice(
    folder: Path, memory: UnsavedJobs
) -> None:
    for command in ("download", "watch"):
        memory.add(sent(), folder=str(folder), below="a/")
        at = world(sent(), script=[sent()], folder=folder)
        at.invoke(command, "--unsaved", *ARGS)
        assert at.out == "a/novel.txt\n"

    assert files(folder) == ["a/novel.txt"]
    (folder / "a" / "novel.txt").write_text("mine")
    memory.add(sent(), folder=str(folder), below="a/")
    world(sent(), folder=folder).invoke("download", "--unsaved", *ARGS)
    assert files(folder) == ["a/novel-12.txt", "a/novel.txt"]


def test_a_memory_that_cannot_be_used_breaks_no_command(folder: Path) -> None:
    (folder.parent / "config").mkdir()
    (folder.parent / "config" / "unsaved").write_text("no folder")

    for words, script in (
        ("upload lib/a/novel.pdf -w", [*uploaded(), sent()]),
        ("watch 12 --overwrite", [sent()]),
        ("watch 12 --unsaved --overwrite", [sent()]),
        ("watch --all", []),
        ("download 12 --overwrite", []),
        ("download --unsaved", []),
    ):
        at = world(sent(), script=script, folder=folder)
        assert at.invoke(*words.split(), *ARGS).exit_code == 0, words


@pytest.mark.parametrize("args", [["download"], ["watch"], ["watch", "12", "--all", "--unsaved"]])
def test_what_to_take_must_be_said(args: list[str], folder: Path) -> None:
    assert isinstance(world(folder=folder).invoke(*args, *ARGS).exception, UsageError)


@pytest.mark.parametrize("end", [sent(), ended(JobStatus.FAILED), ended(JobStatus.CANCELLED)])
def test_an_upload_that_was_watched_to_its_end_leaves_nothing(
    folder: Path, memory: UnsavedJobs, end: JobSnapshot
) -> None:
    seen: list[object] = []
    script = [*uploaded(), lambda: seen.append(list(memory.places())), end]
    world(end, script=script, folder=folder).invoke("upload", "lib/a/novel.pdf", "-w", *ARGS)

    assert (seen, memory.places()) == ([[12]], {})
