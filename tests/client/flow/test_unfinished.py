"""Repeating an upload command: nothing is sent twice, and saved files cause no conflict."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from builders import make_snapshot
from fnt.errors import PartialError, TemporaryError
from fnt.wire.job_status import JobStatus
from looks import look_once
from pdfs import make_pdf
from world import FakeApi, FakeSession, World, completed, ended, uploaded

__all__ = ["look_once"]
LINE = ("upload", "a.pdf", "b.pdf", "-w")


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    for name in ("a", "b"):
        (tmp_path / f"{name}.pdf").write_bytes(make_pdf(text=f"Livre {name}."))
    return tmp_path


def uploading(*script: Any, **parts: Any) -> World:
    environ = {"FNT_CONFIG_DIR": str(Path.cwd() / "config")}
    session = FakeSession(script)
    return World(
        session=session, environ=environ, cwd=Path.cwd(), new_key=lambda: uuid4().hex, **parts
    )


def sent(world: World) -> list[tuple[str, int | None]]:
    return [(item.filename, item.job_id) for _, items, _ in world.session.asked for item in items]


def kept() -> list[Path]:
    return list(Path("config/unfinished").glob("*"))


def interrupted() -> World:
    """`a` is saved; `b` is job 13 and still running at the time of Ctrl-C."""
    world = uploading(
        *uploaded(0, job_id=12, title="a.pdf"),
        *uploaded(1, job_id=13, title="b.pdf"),
        completed(job_id=12),
        KeyboardInterrupt(),
    )
    world.invoke(*LINE)
    assert len(kept()) == 1
    return world


def test_an_interrupted_run_is_resumed(folder: Path) -> None:
    interrupted()
    api = FakeApi(make_snapshot(id=13, status=JobStatus.PROCESSING))
    world = uploading(*uploaded(1, job_id=13), completed(job_id=13), api=api)

    assert world.invoke(*LINE).exit_code == 0

    assert sent(world) == [("b.pdf", 13)]
    assert (folder / "b.txt").exists()
    assert kept() == []


def test_a_job_that_was_cancelled_meanwhile_is_sent_again(folder: Path) -> None:
    interrupted()
    api = FakeApi(ended(JobStatus.CANCELLED, job_id=13))
    world = uploading(*uploaded(1, job_id=14), completed(job_id=14), api=api)

    assert world.invoke(*LINE).exit_code == 0
    assert sent(world) == [("b.pdf", None)]


def test_a_file_that_changed_meanwhile_is_sent_again_and_its_result_replaced(
    folder: Path,
) -> None:
    interrupted()
    (folder / "a.pdf").write_bytes(make_pdf(text="Un autre livre."))
    api = FakeApi(make_snapshot(id=13, status=JobStatus.PROCESSING))
    script = [*uploaded(0, job_id=22), *uploaded(1, job_id=13)]
    world = uploading(*script, completed(job_id=22), completed(job_id=13), api=api)
    world.api.results[22] = b"Un autre livre.\n"

    assert world.invoke(*LINE).exit_code == 0

    assert sent(world) == [("a.pdf", None), ("b.pdf", 13)]
    assert (folder / "a.txt").read_text() == "Un autre livre.\n"


def test_failed_books_are_sent_again_and_completed_ones_are_not(folder: Path) -> None:
    failed = ended(JobStatus.FAILED, job_id=13)
    first = [*uploaded(0, job_id=12), *uploaded(1, job_id=13), completed(job_id=12), failed]
    assert isinstance(uploading(*first).invoke(*LINE).exception, PartialError)
    world = uploading(*uploaded(1, job_id=14), completed(job_id=14))

    assert world.invoke(*LINE).exit_code == 0
    assert sent(world) == [("b.pdf", None)]


@pytest.mark.slow
def test_unsaved_results_are_saved_by_the_same_line(folder: Path) -> None:
    api = FakeApi()

    def away(*_: object) -> Any:
        raise TemporaryError("cannot reach the server")

    api.iter_result = away  # type: ignore[method-assign]
    script = [*uploaded(0, job_id=12), *uploaded(1, job_id=13)]
    script += [completed(job_id=12), completed(job_id=13)]
    error = uploading(*script, api=api).invoke(*LINE, "--give-up", "1s").exception
    assert isinstance(error, TemporaryError)
    assert error.hint == "run: fnt download 12 13"
    world = uploading(*script, api=FakeApi(completed(job_id=12), completed(job_id=13)))

    assert world.invoke(*LINE).exit_code == 0
    assert sent(world) == [("a.pdf", 12), ("b.pdf", 13)]


def test_nothing_is_kept_of_a_run_that_ended_well_or_came_to_nothing(folder: Path) -> None:
    script = [*uploaded(0, job_id=12), *uploaded(1, job_id=13)]
    failures = [ended(JobStatus.FAILED, job_id=12), ended(JobStatus.FAILED, job_id=13)]
    uploading(*script, *failures).invoke(*LINE)
    assert kept() == []
    uploading(*script, completed(job_id=12), completed(job_id=13)).invoke(*LINE)
    assert kept() == []


def test_a_file_deleted_meanwhile_has_its_job_finished(folder: Path) -> None:
    (folder / "books").mkdir()
    for name in ("a.pdf", "b.pdf"):
        (folder / name).rename(folder / "books" / name)
    line = ("upload", "-r", "books", "-w")
    uploading(*uploaded(0, job_id=12), *uploaded(1, job_id=13), KeyboardInterrupt()).invoke(*line)
    (folder / "books/b.pdf").unlink()
    running = [make_snapshot(id=number, status=JobStatus.PROCESSING) for number in (12, 13)]
    script = [*uploaded(0, job_id=12), *uploaded(1, job_id=13)]
    world = uploading(*script, completed(job_id=12), completed(job_id=13), api=FakeApi(*running))

    assert world.invoke(*line).exit_code == 0

    assert sent(world) == [("a.pdf", 12), ("b.pdf", 13)]
    assert (folder / "b.txt").exists()
    assert kept() == []
