"""`fnt check`: definite problems are refused, others reported."""

from __future__ import annotations

from pathlib import Path

import pytest

from fnt.errors import (
    NotFoundError,
    PartialError,
    RefusedInputError,
    TemporaryError,
    UsageError,
)
from fnt.pdf_look.child_process import LOOK_WITHIN_S
from pdfs import make_pdf
from world import World


def test_check_shows_pages_and_duplicates(tmp_path: Path) -> None:
    world = World()
    for name in ("a.pdf", "b.pdf"):
        (tmp_path / name).write_bytes(make_pdf())

    result = world.invoke("check", str(tmp_path / "a.pdf"), str(tmp_path / "b.pdf"))

    assert result.exit_code == 0
    first, second = world.out.splitlines()
    assert first.startswith("ok ")
    assert "pages" in first
    assert second.endswith(f"duplicate of {tmp_path / 'a.pdf'}")


def test_check_of_a_folder_takes_the_files_an_upload_would_send(tmp_path: Path) -> None:
    for name in ("a.pdf", "deep/b.PDF", "deep/c.txt", "drafts/d.pdf"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(make_pdf())
    world = World()

    alone = world.invoke("check", str(tmp_path))
    world.invoke("check", "-r", str(tmp_path), "--exclude", "drafts")

    assert isinstance(alone.exception, UsageError)
    assert alone.exception.hint == f"fnt check -r {tmp_path}"
    assert [line.split()[1] for line in world.out.splitlines()] == [
        f"{tmp_path}/a.pdf:",
        f"{tmp_path}/deep/b.PDF:",
    ]


def test_check_exit_codes_for_all_some_or_missing_files(tmp_path: Path) -> None:
    (tmp_path / "good.pdf").write_bytes(make_pdf())
    (tmp_path / "bad.pdf").write_bytes(b"not a PDF")
    bad, good, none = (str(tmp_path / f"{name}.pdf") for name in ("bad", "good", "none"))

    assert isinstance(World().invoke("check", bad).exception, RefusedInputError)
    assert isinstance(World().invoke("check", bad, good).exception, PartialError)
    assert isinstance(World().invoke("check", none).exception, NotFoundError)


@pytest.mark.slow
@pytest.mark.parametrize(
    "pause_s", [0, pytest.param(LOOK_WITHIN_S + 0.5, marks=pytest.mark.faults)]
)
def test_check_lists_unchecked_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, pause_s: float
) -> None:
    """It used to be "ok" and exit 0. Under load, the check may take longer than 1 s."""
    (tmp_path / "pypdf.py").write_text(f"import time\ntime.sleep({pause_s})\nraise ImportError\n")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    (tmp_path / "a.pdf").write_bytes(make_pdf())
    world = World()

    error = world.invoke("check", str(tmp_path / "a.pdf")).exception

    assert isinstance(error, TemporaryError)
    assert (error.exit_code, error.code) == (5, "NOT_CHECKED")
    assert error.message == "1 of 1 file not checked"
    assert world.out.startswith(f"not checked  {tmp_path / 'a.pdf'}: pages unknown, ")
    assert world.out.endswith(", pypdf is not installed\n")


def test_check_counts_refused_files_before_unchecked_ones(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "pypdf.py").write_text("raise ImportError\n")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    (tmp_path / "a.pdf").write_bytes(make_pdf())
    (tmp_path / "b.pdf").write_bytes(b"not a PDF")

    result = World().invoke("check", str(tmp_path / "a.pdf"), str(tmp_path / "b.pdf"))

    assert isinstance(result.exception, PartialError)
