"""`fnt download`."""

from __future__ import annotations

import json
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


def test_to_stdout_without_control_characters() -> None:
    world = with_jobs(completed())
    world.api.results[12] = b"a\x00\xff\x1b\r\n"

    assert world.invoke("download", "12", "-o", "-").exit_code == 0
    assert world.terminal.out.bytes.getvalue() == "a���\r\n".encode()  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("args", "format", "file"),
    [
        (["--layout", "paragraphs"], "paragraphs", "novel.txt"),
        (["-f", "csv", "--excel"], "excel", "novel.csv"),
        (["-f", "html"], "html", "novel.html"),
        (["--layout", "paragraphs", "-o", "mine.txt"], "paragraphs", "mine.txt"),
    ],
)
def test_formats_made_here(args: list[str], format: str, file: str, folder: Path) -> None:
    world = with_jobs(completed())
    lines = {"text": "Oui.", "words": 1, "source": "Oui.", "page": 1, "chapter": None}
    world.api.results[12] = json.dumps({**lines, "engine": "rules"}).encode() + b"\n"

    assert world.invoke("download", "12", *args).exit_code == 0

    assert b"Oui." in (folder / file).read_bytes()


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (["--layout", "paragraphs", "-f", "csv"], "--layout is for the format txt"),
        (["--excel"], "--excel is for the format csv"),
        (["--layout", "pages"], "unknown layout 'pages'"),
    ],
)
def test_an_option_of_another_format_is_refused(args: list[str], said: str) -> None:
    world = with_jobs(completed())

    refused = world.invoke("download", "12", *args).exception

    assert isinstance(refused, UsageError)
    assert refused.message == said


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


LINES = b"".join(
    json.dumps(
        {"text": f"{page}.", "words": 1, "source": "", "page": page, "chapter": chapter,
         "engine": "rules", "paragraph": page, "continues": False, "kind": "prose"}
    ).encode() + b"\n"
    for page, chapter in ((1, None), (2, "I"), (3, "I"), (4, "II"))
)  # fmt: skip


@pytest.mark.parametrize(
    ("args", "file", "text"),
    [
        (["--chapter", "1"], "novel-chapter-1.txt", "2.\n3.\n"),
        (["--pages", "3-"], "novel-pages-3-.txt", "3.\n4.\n"),
        (["--pages", "1,3", "-o", "part.txt"], "part.txt", "1.\n3.\n"),
        (["--chapter", "2", "--layout", "paragraphs"], "novel-chapter-2.txt", "4.\n"),
    ],
)
def test_a_part_of_a_result(args: list[str], file: str, text: str, folder: Path) -> None:
    world = with_jobs(completed())
    world.api.results[12] = LINES

    assert world.invoke("download", "12", *args).exit_code == 0
    assert (folder / file).read_text(encoding="utf-8") == text


def test_a_part_as_one_document_and_on_stdout(folder: Path) -> None:
    world = with_jobs(completed())
    world.api.results[12] = LINES

    assert world.invoke("download", "12", "--chapter", "2", "-f", "json").exit_code == 0
    assert world.invoke("download", "12", "--chapter", "2", "-f", "json", "-o", "-").exit_code == 0

    written = (folder / "novel-chapter-2.json").read_bytes()
    assert [one["page"] for one in json.loads(written)["sentences"]] == [4]
    assert world.terminal.out.bytes.getvalue().endswith(written)  # type: ignore[attr-defined]


def test_a_range_that_is_none_is_refused() -> None:
    refused = with_jobs(completed()).invoke("download", "12", "--pages", "7-3").exception

    assert isinstance(refused, UsageError)
    assert refused.message == "--pages: 7-3 ends before it begins"


@pytest.mark.parametrize("format", ["txt", "html", "anki"])
def test_a_chapter_that_is_not_there_makes_no_file(folder: Path, format: str) -> None:
    world = with_jobs(completed())
    line = {"text": "Oui.", "words": 1, "source": "Oui.", "page": 1, "chapter": "I",
            "engine": "rules"}  # fmt: skip
    world.api.results[12] = json.dumps(line).encode() + b"\n"

    error = world.invoke("download", "12", "--chapter", "7-9", "--pages", "1", "-f", format)

    assert isinstance(error.exception, UsageError)
    assert error.exception.message == "the result has no sentences in chapter 7-9, pages 1"
    assert list(folder.iterdir()) == []


def test_the_chapters_of_a_result(folder: Path) -> None:
    world = with_jobs(completed())
    world.api.results[12] = LINES

    assert world.invoke("jobs", "show", "12", "--chapters").exit_code == 0
    assert [line.split() for line in world.out.splitlines()] == [
        ["0", "pages", "1-1", "1", "sentence", "(no", "heading)"],
        ["1", "pages", "2-3", "2", "sentences", "I"],
        ["2", "pages", "4-4", "1", "sentence", "II"],
    ]
