"""`fnt watch` and `fnt upload --watch`: saving, resuming, time limits, keys."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pyte
import pytest

from builders import MOMENT, make_snapshot
from fnt.__main__ import run
from fnt.errors import (
    AllFailedError,
    DeadlineError,
    ExitCode,
    NotFoundError,
    PartialError,
    TemporaryError,
    UsageError,
)
from fnt.progress import Refused
from fnt.session import WatchOptions
from fnt.wire.job_status import JobStatus
from world import FakeApi, FakeSession, World, completed, ended, make_terminal


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "here"  # the home stands beside it
    folder.mkdir()
    monkeypatch.chdir(folder)
    return folder


def watching(*script: object, **parts: object) -> World:
    return World(session=FakeSession(script), **parts)  # type: ignore[arg-type]


def test_a_completed_job_is_saved_and_its_path_printed(folder: Path) -> None:
    world = watching(make_snapshot(), completed())

    assert world.invoke("watch", "12").exit_code == 0

    assert world.out == "novel.txt\n"
    assert (folder / "novel.txt").read_text(encoding="utf-8") == "Une phrase.\n"
    assert world.session.asked == [("watch", [12], WatchOptions())]
    assert world.session.is_closed


def test_every_format_goes_to_the_folder_given(folder: Path) -> None:
    world = watching(completed())

    world.invoke("watch", "12", "-o", "deep/out", "-f", "txt,json")

    assert world.out.split() == ["deep/out/novel.txt", "deep/out/novel.json"]
    assert sorted(path.name for path in (folder / "deep/out").iterdir()) == [
        "novel.json",
        "novel.txt",
    ]


def test_no_save_leaves_the_folder_alone(folder: Path) -> None:
    world = watching(completed())

    assert world.invoke("watch", "12", "--no-save").exit_code == 0

    assert world.out == ""
    assert list(folder.iterdir()) == []


def test_a_file_that_exists_is_never_overwritten_unasked(folder: Path) -> None:
    (folder / "novel.txt").write_text("mine", encoding="utf-8")

    watching(completed()).invoke("watch", "12")

    assert (folder / "novel.txt").read_text(encoding="utf-8") == "mine"
    assert (folder / "novel-12.txt").exists()


def test_options_reach_the_session() -> None:
    world = watching(completed())

    world.invoke("watch", "12", "13", "12", "--transport", "poll", "--give-up", "2m")

    options = WatchOptions(transport="poll", give_up_s=120.0)
    assert world.session.asked == [("watch", [12, 13], options)]


def test_latest_and_all() -> None:
    jobs = [
        make_snapshot(id=3, uploaded_at=MOMENT),
        make_snapshot(id=5, status=JobStatus.PENDING, uploaded_at=MOMENT),
        make_snapshot(id=6, status=JobStatus.PENDING),
        completed(job_id=7),
    ]
    asked = []
    for words in (["--all"], ["--latest"], ["@latest", "3"]):
        world = watching(api=FakeApi(*jobs))
        world.invoke("watch", *words)
        asked.append(world.session.asked[0][1])

    assert asked == [[3, 5], [7], [7, 3]]


def test_nothing_to_watch() -> None:
    world = watching()

    assert world.invoke("watch", "--all").exit_code == 0
    assert world.err == "no running jobs\n"


@pytest.mark.parametrize(
    "args",
    [
        [],
        ["12", "--all"],
        ["--all", "--latest"],
        ["novel.pdf"],
        ["0"],
        ["-f", "docx", "12"],
        ["12", "--give-up", "soon"],
        ["12", "--timeout", "never"],
    ],
)
def test_wrong_words(args: list[str]) -> None:
    assert isinstance(watching().invoke("watch", *args).exception, UsageError)


def test_latest_of_nothing() -> None:
    assert isinstance(watching().invoke("watch", "--latest").exception, NotFoundError)


@pytest.mark.parametrize(
    ("statuses", "expected"),
    [
        ([JobStatus.COMPLETED, JobStatus.COMPLETED], None),
        ([JobStatus.COMPLETED, JobStatus.FAILED], PartialError),
        ([JobStatus.CANCELLED, JobStatus.COMPLETED], PartialError),
        ([JobStatus.FAILED, JobStatus.CANCELLED], AllFailedError),
        ([JobStatus.FAILED], AllFailedError),
        ([JobStatus.CANCELLED], AllFailedError),
    ],
)
def test_how_the_run_ends(statuses: list[JobStatus], expected: type[Exception] | None) -> None:
    script = [
        ended(status, job_id=n, original_filename=f"{n}.pdf")
        for n, status in enumerate(statuses, start=1)
    ]

    result = watching(*script).invoke("watch", *(str(job.id) for job in script))

    assert type(result.exception) is (expected or type(None))


@pytest.mark.parametrize("error", [KeyboardInterrupt(), TemporaryError("no contact for 10 min")])
def test_leaving_early_prints_how_to_resume(error: BaseException) -> None:
    world = watching(completed(job_id=11), make_snapshot(), make_snapshot(id=13), error)

    world.invoke("watch", "11", "12", "13", "-o", "my out", "--server", "http://127.0.0.1:7000")

    assert world.err.splitlines()[-1] == (
        "2 jobs still running; resume with: fnt watch 12 13 -o 'my out' --server http://127.0.0.1:7000"
    )


def test_many_jobs_to_resume_are_named_by_ranges_on_one_line() -> None:
    ids = [*range(101, 141), 150, 151, 160]
    world = watching(*(make_snapshot(id=n) for n in ids), KeyboardInterrupt())

    world.invoke("watch", "101-140", "150", "151", "160-160")

    line = world.err.splitlines()[-1]
    assert line == "43 jobs still running; resume with: fnt watch 101-140 150 151 160"


def test_every_job_to_resume_is_named_however_many() -> None:
    """`--all` would save other jobs too, and not those that end meanwhile."""
    ids = [str(n) for n in range(11, 60, 2)]
    world = watching(*(make_snapshot(id=int(n)) for n in ids), KeyboardInterrupt())

    world.invoke("watch", *ids)

    line = world.err.splitlines()[-1]
    assert line == f"25 jobs still running; resume with: fnt watch {' '.join(ids)}"


@pytest.mark.parametrize(
    ("word", "problem"),
    [
        ("9-7", "'9-7' is empty"),
        ("7-", "'7-' is not a job"),
        ("0-3", "'0-3' is not a job"),
        ("1-2-3", "'1-2-3' is not a job"),
        ("1-9999999", "'1-9999999' is too long a range"),
        ("1-" + "9" * 5000, "is not a job"),
        ("٣-٥", "is not a job"),
    ],
)
def test_a_range_that_names_no_jobs_is_refused(word: str, problem: str) -> None:
    result = World().invoke("watch", word)

    assert isinstance(result.exception, UsageError)
    assert problem in str(result.exception)


@pytest.mark.slow
def test_timeout_before_the_first_update_is_not_a_success() -> None:
    world = World()
    world.session.script = [completed(job_id=11), lambda: world.session.detached.wait(10)]

    result = world.invoke("watch", "11", "12", "--timeout", "1s")

    assert isinstance(result.exception, DeadlineError)
    assert world.err.splitlines()[-1] == "1 job still running; resume with: fnt watch 12"


@pytest.mark.slow
def test_the_time_is_over() -> None:
    world = World()
    world.session.script = [make_snapshot(), lambda: world.session.detached.wait(10), completed()]

    result = world.invoke("watch", "12", "--timeout", "1s")

    assert isinstance(result.exception, DeadlineError)
    assert world.err.splitlines()[-1] == "1 job still running; resume with: fnt watch 12"


@pytest.mark.slow
def test_the_time_is_over_before_a_result_is_saved(folder: Path) -> None:
    for name in ("novel.txt", "novel-12.txt"):
        (folder / name).write_text("mine", encoding="utf-8")
    world = World()
    world.session.script = [completed(job_id=12), lambda: world.session.detached.wait(10)]

    result = world.invoke("watch", "12", "--timeout", "1s")

    assert str(result.exception) == "timed out: 1 result not saved"
    assert world.err.splitlines()[-1].startswith("1 result not saved; run: fnt download 12")


def test_a_job_that_ended_in_time_has_no_deadline() -> None:
    assert watching(completed()).invoke("watch", "12", "--timeout", "1h").exit_code == 0


def test_a_result_that_cannot_be_written(folder: Path) -> None:
    (folder / "novel.txt").write_text("mine", encoding="utf-8")
    (folder / "novel-12.txt").write_text("mine too", encoding="utf-8")
    world = watching(completed())

    result = world.invoke("watch", "12", "--json")

    assert isinstance(result.exception, UsageError)
    assert "not saved: novel-12.txt exists" in world.err


def test_quiet_prints_only_paths() -> None:
    world = watching(make_snapshot(), completed())

    world.invoke("watch", "12", "-q")

    assert (world.out, world.err) == ("novel.txt\n", "")


def test_quiet_still_reports_which_job_failed_and_why() -> None:
    failed = make_snapshot(
        version=9, status=JobStatus.FAILED, error_code="PDF_NO_TEXT", error_message="no text"
    )
    world = watching(make_snapshot(), failed)

    world.invoke("watch", "12", "-q")

    assert world.out == ""
    assert world.err.endswith("novel.pdf, job 12: failed: no text (PDF_NO_TEXT)\n")
    assert world.err.count("\n") == 1


def test_on_a_terminal_the_view_shows_the_path_and_nothing_is_left_behind() -> None:
    terminal = make_terminal(tty=True, environ={"TERM": "xterm", "NO_COLOR": "1"})
    world = watching(make_snapshot(), completed(), terminal=terminal)

    assert world.invoke("watch", "12").exit_code == 0

    assert "✓ novel   19 204 pieces   475 pages   0 s   novel.txt" in world.err
    assert world.err.rfind("\x1b[?25h") > world.err.rfind("\x1b[?25l")
    assert world.out == ""


def test_on_a_terminal_a_refusal_that_was_listed_is_not_repeated() -> None:
    gone = Refused(
        key="job:14", title="job 14", message="job 14 not found", hint="run: fnt jobs list",
        code="JOB_NOT_FOUND", exit_code=ExitCode.NOT_FOUND,
    )  # fmt: skip
    terminal = make_terminal(tty=True, environ={"TERM": "xterm", "NO_COLOR": "1"})
    world = watching(gone, terminal=terminal)

    assert run(["watch", "14"], world.context()) == ExitCode.NOT_FOUND

    assert world.err.endswith("✗ job 14   job 14 not found; run: fnt jobs list\n")


def test_on_a_terminal_the_end_tells_what_failed_once_and_what_to_do() -> None:
    failed = ended(
        JobStatus.FAILED, job_id=13, original_filename="scan\x1b.pdf",
        error_message="the PDF has no readable text: run OCR first, for example with ocrmypdf",
    )  # fmt: skip
    gone = Refused(
        key="job:14", title="job 14", message="job 14 not found", hint="run: fnt jobs list",
        code="JOB_NOT_FOUND", exit_code=ExitCode.NOT_FOUND,
    )  # fmt: skip
    environ = {"TERM": "xterm", "NO_COLOR": "1"}
    terminal = make_terminal(tty=True, size=(60, 20), environ=environ)
    world = watching(make_snapshot(), failed, gone, completed(), terminal=terminal)

    assert run(["watch", "12", "13", "14", "-o", "out"], world.context()) == ExitCode.PARTIAL

    shown = pyte.Screen(60, 20)
    shown.set_mode(pyte.modes.LNM)
    pyte.Stream(shown).feed(world.err)
    assert [line.rstrip() for line in shown.display if line.strip()] == [
        "✓ novel       19 204 pieces     475 pages        0 s",
        "✓ 1 saved in out/ · 1 failed · 1 refused · 0 s",
        "✗ scan\\x1b.pdf   the PDF has no readable text: run OCR",
        "                 first, for example with ocrmypdf",
        "✗ job 14         job 14 not found; run: fnt jobs list",
    ]


def test_in_a_log_the_end_tells_what_failed_too() -> None:
    failed = ended(JobStatus.FAILED, job_id=13, error_message="no text", error_code="PDF_NO_TEXT")
    world = watching(failed, completed())

    run(["watch", "12", "13", "-o", "out"], world.context())

    assert world.err.splitlines()[-3:] == [
        "1 saved in out/, 1 failed, 0 s",
        "novel.pdf: failed: no text (PDF_NO_TEXT)",
        "error: 1 of 2 jobs failed",
    ]


def test_an_unknown_job_does_not_end_the_watch_of_the_others(folder: Path) -> None:
    gone = Refused(
        key="job:999", title="job 999", message="job 999 not found", exit_code=ExitCode.NOT_FOUND
    )
    world = watching(gone, completed())

    result = world.invoke("watch", "12", "999")

    assert isinstance(result.exception, PartialError)
    assert (folder / "novel.txt").exists()
    assert "999 go" not in world.err


class AwayApi(FakeApi):
    """An API that is unreachable for the first few results."""

    away = 3

    def iter_result(self, job_id: int, format: str) -> Any:
        self.away -= 1
        if self.away >= 0:
            raise TemporaryError("cannot reach the server")
        return super().iter_result(job_id, format)


@pytest.mark.slow
def test_a_result_is_saved_once_the_server_is_back(folder: Path) -> None:
    world = watching(completed(), api=AwayApi())

    assert world.invoke("watch", "12").exit_code == 0

    assert (folder / "novel.txt").exists()


@pytest.mark.slow
def test_a_result_that_stays_unsaved_is_temporary() -> None:
    api = AwayApi()
    api.away = 1000
    world = watching(completed(), api=api)

    error = world.invoke("watch", "12", "--give-up", "1s").exception

    assert isinstance(error, TemporaryError)
    assert (error.message, error.hint) == ("1 of 1 results not saved", "run: fnt download 12")


def test_a_result_unsaved_when_interrupted_is_reported_with_a_download_command() -> None:
    api = AwayApi()
    api.away = 1000
    world = watching(completed(), KeyboardInterrupt(), api=api)

    world.invoke("watch", "12")

    assert "1 result not saved; run: fnt download 12" in world.err


def test_a_result_unsaved_when_failing_fast_is_reported() -> None:
    api = AwayApi()
    api.away = 1000
    failed = ended(JobStatus.FAILED, job_id=13)
    world = watching(completed(), failed, api=api)

    error = world.invoke("watch", "12", "13", "--fail-fast").exception

    assert isinstance(error, PartialError)
    assert error.hint == "run: fnt download 12"
