"""`fnt upload`: uploads, refusals, and targets."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from fnt.__main__ import run
from fnt.errors import (
    ExitCode,
    NotFoundError,
    PartialError,
    RefusedInputError,
    TemporaryError,
    UsageError,
)
from fnt.progress import Refused, UploadProgress
from fnt.session import WatchOptions
from fnt.wire.jobs import JobWarning, ProcessingSettings
from pdfs import make_pdf
from world import FakeSession, World, completed, make_terminal, uploaded


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "novel.pdf").write_bytes(make_pdf())
    (tmp_path / "bad.pdf").write_bytes(b"no PDF at all")
    return tmp_path


def uploading(*script: object, **parts: object) -> World:
    return World(session=FakeSession(script), **parts)  # type: ignore[arg-type]


@pytest.mark.parametrize("way", ["--watch", "--detach", "--no-save"])
def test_an_unknown_format_is_refused_before_anything_is_sent(way: str) -> None:
    world = uploading(*uploaded())

    result = world.invoke("upload", "novel.pdf", way, "-f", "doc")

    assert isinstance(result.exception, UsageError)
    assert world.session.asked == []


def test_without_a_terminal_it_detaches_and_prints_the_job() -> None:
    world = uploading(*uploaded())

    assert world.invoke("upload", "novel.pdf").exit_code == 0

    assert world.out == "12\n"
    verb, (item,), parallel = world.session.asked[0]
    assert (verb, parallel) == ("upload", 4)
    assert item.filename == "novel.pdf"
    assert item.page_count == 1
    assert item.idempotency_key == "key-1"


def test_watching_saves_beside_the_caller(folder: Path) -> None:
    world = uploading(*uploaded(), completed())

    assert world.invoke("upload", "novel.pdf", "--watch").exit_code == 0

    assert world.out == "novel.txt\n"
    assert (folder / "novel.txt").exists()
    assert world.session.asked[0][0] == "upload"
    assert world.session.asked[0][2] == WatchOptions()


def test_a_terminal_watches_by_default() -> None:
    terminal = make_terminal(tty=True, environ={"TERM": "dumb"})
    world = uploading(*uploaded(), completed(), terminal=terminal)

    world.invoke("upload", "novel.pdf")

    assert world.session.asked[0][2] == WatchOptions()


def test_settings_reach_the_server() -> None:
    world = uploading(*uploaded())
    words = ["--words", "12", "--stretch", "2", "--min-words", "3"]
    more = ["--engine", "gemini", "--ignore-dialogue", "--keep-front-matter"]

    world.invoke("upload", "novel.pdf", *words, *more, "-j", "2")

    _, (item,), parallel = world.session.asked[0]
    assert parallel == 2
    assert item.settings == ProcessingSettings(
        sentence_length_limit=12,
        min_sentence_length=3,
        engine="gemini",
        ignore_dialogue=True,
        stretch_words=2,
        keep_front_matter=True,
    )


def test_the_same_file_twice_is_sent_once() -> None:
    world = uploading(*uploaded())

    world.invoke("upload", "novel.pdf", "./novel.pdf")

    assert len(world.session.asked[0][1]) == 1


@pytest.mark.parametrize(
    ("name", "error"), [("nope.pdf", NotFoundError), (".", UsageError), ("/dev/null", UsageError)]
)
def test_a_path_that_is_not_a_file_stops_everything(name: str, error: type[Exception]) -> None:
    world = uploading()

    assert type(world.invoke("upload", "novel.pdf", name).exception) is error
    assert world.session.asked == []


def test_a_target_that_exists_is_refused_before_anything_is_sent(folder: Path) -> None:
    (folder / "novel.txt").write_text("mine", encoding="utf-8")
    world = uploading(*uploaded(), completed())

    assert isinstance(world.invoke("upload", "novel.pdf", "-w").exception, UsageError)
    assert world.session.asked == []

    assert world.invoke("upload", "novel.pdf", "-w", "--overwrite").exit_code == 0
    assert (folder / "novel.txt").read_text(encoding="utf-8") == "Une phrase.\n"


def test_targets_that_collide_are_refused_before_anything_is_sent(folder: Path) -> None:
    (folder / "more").mkdir()
    (folder / "more/novel.pdf").write_bytes(make_pdf(pages=2))
    world = uploading()

    result = world.invoke("upload", "novel.pdf", "more/novel.pdf", "-w")

    assert isinstance(result.exception, UsageError)
    assert "both be saved as novel.txt" in result.exception.message
    assert world.session.asked == []


def test_detached_runs_mind_no_targets(folder: Path) -> None:
    (folder / "novel.txt").write_text("mine", encoding="utf-8")

    assert uploading(*uploaded()).invoke("upload", "novel.pdf", "-d").exit_code == 0


def test_only_files_that_are_not_pdfs() -> None:
    world = uploading()

    result = world.invoke("upload", "bad.pdf")

    assert isinstance(result.exception, RefusedInputError)
    assert result.exception.code == "NOT_A_PDF"
    assert world.session.asked == []


def test_one_bad_file_does_not_stop_the_other() -> None:
    world = uploading(*uploaded(1))

    result = world.invoke("upload", "bad.pdf", "novel.pdf")

    assert isinstance(result.exception, PartialError)
    assert world.out == "12\n"


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads everything")
def test_a_file_that_cannot_be_opened_does_not_stop_the_other() -> None:
    Path("bad.pdf").chmod(0)
    world = uploading(*uploaded(1))

    result = world.invoke("upload", "bad.pdf", "novel.pdf")

    assert isinstance(result.exception, PartialError)
    assert "bad.pdf cannot be read: Permission denied" in world.err
    assert world.out == "12\n"


def test_an_unreachable_server() -> None:
    refused = Refused(
        key="book:1",
        title="novel.pdf",
        message="the server cannot be reached",
        exit_code=ExitCode.TEMPORARY,
    )

    result = uploading(refused).invoke("upload", "novel.pdf")

    assert isinstance(result.exception, TemporaryError)
    assert result.exception.message == "the server cannot be reached"


def test_the_document_names_each_file() -> None:
    world = uploading(*uploaded(1), completed())

    code = run(["upload", "bad.pdf", "novel.pdf", "-w", "--json"], world.context())

    document = json.loads(world.out)
    bad, good = document["jobs"]
    assert (code, document["exit_code"]) == (6, 6)
    assert (bad["file"], bad["job"], bad["error"]["code"]) == ("bad.pdf", None, "NOT_A_PDF")
    assert (good["file"], good["outputs"], good["error"]) == ("novel.pdf", ["novel.txt"], None)
    assert good["job"]["id"] == 12


def test_interrupted_upload_still_reports_accepted_jobs() -> None:
    Path("b.pdf").write_bytes(make_pdf())
    half = UploadProgress(key="book:2", title="b.pdf", sent_bytes=1, size_bytes=9)
    world = uploading(*uploaded(), half, KeyboardInterrupt())

    code = run(["upload", "novel.pdf", "b.pdf", "-w", "--json"], world.context())

    assert code == 130
    assert "1 job still running, 1 file not sent; to resume, run the same command" in world.err
    assert [entry["job"] and entry["job"]["id"] for entry in json.loads(world.out)["jobs"]] == [
        12,
        None,
    ]


def test_a_name_that_is_not_unicode_is_sent_as_text(folder: Path) -> None:
    try:
        (folder / "no\udcffvel.pdf").write_bytes(make_pdf())
    except (OSError, UnicodeError):
        pytest.skip("this file system takes only names that are text")
    world = uploading(*uploaded())

    assert world.invoke("upload", "no\udcffvel.pdf").exit_code == 0
    assert world.session.asked[0][1][0].filename == "no?vel.pdf"


def test_pieces_that_must_be_longer_than_the_limit_are_refused_before_anything_is_sent() -> None:
    world = uploading(*uploaded())

    result = world.invoke("upload", "novel.pdf", "--words", "3", "--min-words", "4")

    assert isinstance(result.exception, UsageError)
    assert world.session.asked == []


def test_what_could_not_be_read_is_told_when_the_job_ends() -> None:
    warning = JobWarning(code="PAGES_WITHOUT_TEXT", pages="3-4", message="2 pages are pictures")
    world = uploading(*uploaded(), completed(warnings=(warning,)))

    assert world.invoke("upload", "novel.pdf", "--watch").exit_code == 0

    assert world.err.count("warning: novel.pdf: 2 pages are pictures (pages 3-4)\n") == 1


def test_replacing_files_is_resumed_by_replacing_them(folder: Path) -> None:
    (folder / "novel.txt").write_text("old")
    world = uploading(*uploaded(), KeyboardInterrupt())

    world.invoke("upload", "novel.pdf", "-w", "--overwrite")

    assert world.err.splitlines()[-1].endswith("resume with: fnt watch 12 --overwrite")


@pytest.mark.parametrize("name", ["novel.pdf", "lesson.docx", "novel.EPUB", "deck.anki"])
def test_a_file_of_no_format_is_not_made_a_folder(folder: Path, name: str) -> None:
    world = uploading()
    name = f"new-{name}"

    error = world.invoke("upload", "novel.pdf", "--watch", "-o", name).exception

    assert isinstance(error, UsageError)
    assert error.hint is not None
    assert error.hint.endswith(f"for a folder, use -o {name}/")
    assert not (folder / name).exists()
    assert world.session.asked == []


@pytest.mark.parametrize("name", ["new.pdf/", "tome.2", "there.pdf"])
def test_a_folder_may_have_any_name(folder: Path, name: str) -> None:
    (folder / "there.pdf").mkdir()
    world = uploading(*uploaded(), completed())

    assert world.invoke("upload", "novel.pdf", "--watch", "-o", name).exit_code == 0
    assert (folder / name / "novel.txt").exists()


def test_a_folder_that_cannot_be_written_to_is_told_with_what_to_do(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(os, "access", lambda *_: False)  # root writes everywhere
    world = uploading()

    error = world.invoke("upload", "novel.pdf", "--watch").exception

    assert isinstance(error, UsageError)
    assert error.message == "this folder cannot be written to"
    assert error.hint == "save elsewhere with -o DIR"
    assert world.session.asked == []


def test_an_address_is_told_from_a_file() -> None:
    world = uploading()

    error = world.invoke("upload", "HTTPS://example.org/a novel.pdf", "-w").exception

    assert isinstance(error, UsageError)
    assert error.message == "HTTPS://example.org/a novel.pdf is a URL, not a file"
    assert error.hint == "download it first: curl -fLO 'HTTPS://example.org/a novel.pdf'"
    assert world.session.asked == []
