"""`fnt check`: what is certain is refused, the rest is told."""

from __future__ import annotations

from pathlib import Path

from fnt.errors import NotFoundError, PartialError, RefusedInputError, UsageError
from pdfs import make_pdf
from world import World


def test_check_tells_pages_and_doubles(tmp_path: Path) -> None:
    world = World()
    for name in ("a.pdf", "b.pdf"):
        (tmp_path / name).write_bytes(make_pdf())

    result = world.invoke("check", str(tmp_path / "a.pdf"), str(tmp_path / "b.pdf"))

    assert result.exit_code == 0
    first, second = world.out.splitlines()
    assert first.startswith("ok ")
    assert "pages" in first
    assert second.endswith(f"duplicate of {tmp_path / 'a.pdf'}")


def test_check_of_a_folder_looks_at_what_an_upload_would_send(tmp_path: Path) -> None:
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


def test_check_refuses_all_some_or_what_is_not_there(tmp_path: Path) -> None:
    (tmp_path / "good.pdf").write_bytes(make_pdf())
    (tmp_path / "bad.pdf").write_bytes(b"not a PDF")
    bad, good, none = (str(tmp_path / f"{name}.pdf") for name in ("bad", "good", "none"))

    assert isinstance(World().invoke("check", bad).exception, RefusedInputError)
    assert isinstance(World().invoke("check", bad, good).exception, PartialError)
    assert isinstance(World().invoke("check", none).exception, NotFoundError)
