"""Discovery of input files from the command line."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePath

import pytest

from fnt.errors import NotFoundError, UsageError
from fnt.flow.inputs.discovery import InputFile, find_files, suggesting

HOSTILE = ("two\nlines.pdf", "\x1b[2J.pdf", "bold].pdf", "-rf.pdf", "*.pdf")


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    for name in (
        "novel.pdf",
        "notes.txt",
        "books/b.pdf",
        "books/A.PDF",
        "books/cover.jpg",
        "books/.hidden.pdf",
        "books/.git/object.pdf",
        "books/Zola/nana.pdf",
        "books/Zola/drafts/old.pdf",
        "books/Été/a.pdf",
    ):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    return tmp_path


@contextmanager
def deep(root: Path, name: str, depth: int, *, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Create nested folders with a file in the innermost; the path may be overlong."""
    root.mkdir()
    with monkeypatch.context() as there:
        there.chdir(root)
        for _ in range(depth):
            Path(name).mkdir()
            os.chdir(name)
        Path("end.pdf").touch()
    try:
        yield
    finally:  # pytest's own cleaning would recurse too deeply
        subprocess.run(["rm", "-rf", str(root)], check=True)


def names(found: list[InputFile]) -> list[str]:
    return [str(one.relative) for one in found]


def test_a_named_file_is_taken_whatever_its_name() -> None:
    found = find_files([Path("notes.txt"), Path("books/.hidden.pdf"), Path("books/b.pdf")])

    assert names(found) == ["notes.txt", ".hidden.pdf", "b.pdf"]
    assert [one.given for one in found] == ["notes.txt", "books/.hidden.pdf", "books/b.pdf"]


def test_a_missing_file_is_reported_when_it_is_read() -> None:
    assert names(find_files([Path("gone.pdf"), Path("no\0name")])) == ["gone.pdf", "no\0name"]


def test_a_folder_must_be_asked_for() -> None:
    with pytest.raises(UsageError) as caught:
        find_files([Path("books")])

    assert caught.value.hint == "fnt upload -r books"


def test_a_folder_gives_its_pdfs_in_one_order_and_nothing_hidden() -> None:
    found = find_files([Path("books")], recursive=True)

    assert names(found) == ["A.PDF", "Zola/drafts/old.pdf", "Zola/nana.pdf", "b.pdf", "Été/a.pdf"]
    assert found[1].path == Path("books/Zola/drafts/old.pdf")
    assert found[1].given == "books/Zola/drafts/old.pdf"


@pytest.mark.parametrize(
    ("include", "exclude", "kept"),
    [
        (["*.jpg"], [], ["cover.jpg"]),
        (["*.JPG", "b.*"], [], ["b.pdf", "cover.jpg"]),
        (["zola/*"], [], ["Zola/drafts/old.pdf", "Zola/nana.pdf"]),
        ([], ["drafts"], ["A.PDF", "Zola/nana.pdf", "b.pdf", "Été/a.pdf"]),
        ([], ["Zola/drafts", "?.pdf"], ["Zola/nana.pdf"]),
        (["e\u0301te\u0301/*"], [], ["Été/a.pdf"]),
        (["*"], ["*.pdf"], ["cover.jpg"]),
    ],
)
def test_include_and_exclude(include: list[str], exclude: list[str], kept: list[str]) -> None:
    found = find_files([Path("books")], recursive=True, include=include, exclude=exclude)

    assert names(found) == kept


def test_files_expanded_by_the_shell_can_be_excluded_but_need_not_be_included() -> None:
    paths = [Path("novel.pdf"), Path("notes.txt")]

    assert names(find_files(paths, exclude=["novel*"])) == ["notes.txt"]
    assert names(find_files(paths, include=["*.epub"])) == ["novel.pdf", "notes.txt"]


@pytest.mark.parametrize("pattern", ["books/*.pdf", "books/**.pdf", "./books/[b].pdf"])
def test_a_pattern_in_quotes_is_expanded(pattern: str) -> None:
    assert names(find_files([Path(pattern)])) == ["b.pdf"]


def test_a_pattern_that_is_a_file_is_that_file(folder: Path) -> None:
    (folder / "[n]ovel.pdf").touch()

    assert names(find_files([Path("[n]ovel.pdf")])) == ["[n]ovel.pdf"]


def test_a_pattern_without_files() -> None:
    with pytest.raises(NotFoundError, match=r"nothing matches \*\.epub"):
        find_files([Path("*.epub")])


def test_nothing_left(folder: Path) -> None:
    (folder / "empty").mkdir()

    with pytest.raises(NotFoundError, match="no files to send in"):
        find_files([Path("empty")], recursive=True)

    assert names(find_files([Path("empty"), Path("novel.pdf")], recursive=True)) == ["novel.pdf"]


def test_the_same_file_twice_is_taken_once_where_it_came_first(folder: Path) -> None:
    (folder / "link.pdf").symlink_to("novel.pdf")
    paths = [Path("books/b.pdf"), Path("books"), Path("novel.pdf"), Path("link.pdf"), Path("books")]

    found = find_files(paths, recursive=True)

    assert found[0].given == "books/b.pdf"
    assert len(found) == 6
    assert names(found)[-1] == "novel.pdf"


def test_links_to_files_are_taken_and_links_to_folders_are_not(folder: Path) -> None:
    tree = folder / "tree"
    tree.mkdir()
    (tree / "linked.pdf").symlink_to(folder / "novel.pdf")
    (tree / "gone.pdf").symlink_to(folder / "nowhere.pdf")
    (tree / "loop.pdf").symlink_to(tree / "loop.pdf")
    (tree / "again").symlink_to(tree, target_is_directory=True)
    (folder / "door").symlink_to(tree, target_is_directory=True)
    os.mkfifo(tree / "pipe.pdf")

    assert names(find_files([Path("door")], recursive=True)) == ["linked.pdf"]


def test_names_that_mean_something_elsewhere(folder: Path) -> None:
    inner = folder / "odd" / "[red]\x1b[1m\n["
    inner.mkdir(parents=True)
    for name in HOSTILE:
        (inner / name).touch()

    found = find_files([Path("odd")], recursive=True)

    assert {one.relative for one in found} == {
        PurePath("[red]\x1b[1m\n[", name) for name in HOSTILE
    }


def test_a_name_that_is_not_unicode(folder: Path) -> None:
    try:
        (folder / "books/Zola/no\udcfftext.pdf").touch()
    except (OSError, UnicodeError):
        pytest.skip("this file system takes only names that are text")

    assert "Zola/no\udcfftext.pdf" in names(find_files([Path("books")], recursive=True))


@pytest.mark.slow
def test_a_tree_beyond_the_recursion_limit(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with deep(folder / "deep", "d", 1100, monkeypatch=monkeypatch):
        (found,) = find_files([Path("deep")], recursive=True)

    assert found.relative == PurePath(*["d"] * 1100, "end.pdf")


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads everything")
def test_a_folder_that_may_not_be_read(folder: Path) -> None:
    (folder / "books/Zola").chmod(0)
    try:
        with pytest.raises(UsageError, match="books/Zola cannot be read: Permission denied"):
            find_files([Path("books")], recursive=True)
        found = find_files([Path("books")], recursive=True, exclude=["Zola"])
    finally:
        (folder / "books/Zola").chmod(0o755)

    assert names(found) == ["A.PDF", "b.pdf", "Été/a.pdf"]


@pytest.mark.slow
def test_a_folder_whose_path_is_too_long(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with (
        deep(folder / "deep", "d" * 200, 21, monkeypatch=monkeypatch),
        pytest.raises(UsageError, match="cannot be read: File name too long") as caught,
    ):
        find_files([Path("deep")], recursive=True)

    assert caught.value.hint == "skip it with --exclude NAME"


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        (["Un", "été.pdf"], "'Un été.pdf'"),  # the shell splits it
        (["novel.pdf", "Un", "été.pdf"], "'Un été.pdf'"),
        (["Un", "été"], "'Un été.pdf'"),
        (["novel"], "novel.pdf"),
        (["Novel.PDF"], "novel.pdf"),
        (["novle.pdf"], "novel.pdf"),
        (["books/Zola/nanna.pdf"], "books/Zola/nana.pdf"),
    ],
)
def test_a_file_that_is_not_there_suggests_the_one_meant(
    folder: Path, typed: list[str], meant: str
) -> None:
    (folder / "Un été.pdf").touch()

    with pytest.raises(NotFoundError) as caught, suggesting([Path(name) for name in typed]):
        raise NotFoundError(f"file {typed[0]} not found")

    assert caught.value.hint == f"did you mean {meant}?"


@pytest.mark.parametrize("typed", ["zola.epub", "nowhere/novel.pdf", "x" * 5000, "nul\0.pdf"])
def test_a_name_like_no_other_suggests_nothing(typed: str) -> None:
    with pytest.raises(NotFoundError) as caught, suggesting([Path(typed)]):
        raise NotFoundError("not found")

    assert caught.value.hint is None


def test_what_is_not_found_of_files_that_are_there_is_something_else() -> None:
    with pytest.raises(NotFoundError) as caught, suggesting([Path("novel.pdf")]):
        raise NotFoundError("profile 'x' not found")

    assert caught.value.hint is None
