from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from fnt.errors import NotFoundError, TemporaryError, UsageError
from fnt.files import (
    PRIVATE,
    atomic_write,
    file_lock,
    fingerprint,
    read_errors,
    replaced_file,
    temporary_file,
    write_errors,
)

HOLD = (
    "import sys; from pathlib import Path; from fnt.files import file_lock\n"
    "with file_lock(Path(sys.argv[1])): print('held', flush=True); sys.stdin.read()"
)


def test_fingerprint_has_hash_size_and_time(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_bytes(b"x" * 3_000_000)
    pieces: list[None] = []

    found = fingerprint(path, on_piece=lambda: pieces.append(None))

    assert found.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    assert (found.size_bytes, found.modified_ns) == (3_000_000, path.stat().st_mtime_ns)
    assert len(pieces) == 3


@pytest.mark.parametrize(
    ("name", "kind", "words"),
    [
        ("none", NotFoundError, "file the book not found"),
        (".", UsageError, "the book is a folder, not a file"),
        ("a\0b", UsageError, "the book cannot be read: invalid file name"),
    ],
)
def test_fingerprint_reports_why_a_file_cannot_be_read(
    tmp_path: Path, name: str, kind: type[Exception], words: str
) -> None:
    with pytest.raises(kind, match=words):
        fingerprint(tmp_path / name, name="the book")


def test_atomic_write_leaves_the_old_file_where_the_block_fails(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_text("old")

    with pytest.raises(ZeroDivisionError), atomic_write(path) as file:
        file.write(b"new")
        raise ZeroDivisionError

    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_atomic_write_replaces_at_the_end(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_text("old")

    with atomic_write(path) as file:
        file.write(b"new")
        assert path.read_text() == "old"

    assert path.read_text() == "new"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such permissions")
def test_atomic_write_is_private_from_the_first_byte(tmp_path: Path) -> None:
    path = tmp_path / "a"

    with atomic_write(path, mode=PRIVATE):
        (draft,) = tmp_path.iterdir()
        assert draft.stat().st_mode & 0o777 == PRIVATE

    assert path.stat().st_mode & 0o777 == PRIVATE


def test_a_longest_name_can_be_written(tmp_path: Path) -> None:
    path = tmp_path / ("a" * 255)

    with atomic_write(path) as file:
        file.write(b"new")

    assert path.read_bytes() == b"new"


def test_a_draft_with_a_fixed_name_deletes_what_a_killed_process_left(tmp_path: Path) -> None:
    with temporary_file(tmp_path / "a", stem="job-1") as left:
        name = left.name
    (tmp_path / name).write_text("half")

    with replaced_file(tmp_path / "a", stem="job-1") as draft:
        assert not draft.exists()
        draft.write_text("whole")

    assert [(path.name, path.read_text()) for path in tmp_path.iterdir()] == [("a", "whole")]


def test_an_error_of_writing_is_one_line(tmp_path: Path) -> None:
    with (
        pytest.raises(UsageError, match=r"a cannot be written: No such file or directory$"),
        write_errors("a"),
        atomic_write(tmp_path / "none" / "a"),
    ):
        pass


def test_a_bug_is_not_reported_as_a_read_error() -> None:
    with pytest.raises(KeyError), read_errors("a"):
        raise KeyError("a")


@pytest.fixture
def holder(tmp_path: Path):
    child = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(tmp_path / "lock")],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert child.stdout
    assert child.stdout.readline() == "held\n"
    yield child
    child.kill()
    child.wait()
    for pipe in (child.stdin, child.stdout):
        assert pipe
        pipe.close()


@pytest.mark.slow
def test_a_lock_of_another_process_is_waited_for(
    tmp_path: Path, holder: subprocess.Popen[str]
) -> None:
    path = tmp_path / "lock"
    with pytest.raises(TemporaryError, match="busy"), file_lock(path, timeout_s=0, busy="busy"):
        pass
    assert holder.stdin
    threading.Timer(0.3, holder.stdin.close).start()

    started_at = time.monotonic()
    with file_lock(path, timeout_s=20):
        assert time.monotonic() - started_at >= 0.25


@pytest.mark.slow
def test_a_lock_goes_with_a_killed_process(tmp_path: Path, holder: subprocess.Popen[str]) -> None:
    holder.kill()
    holder.wait()

    with file_lock(tmp_path / "lock", timeout_s=0):
        pass


@pytest.mark.skipif(os.name == "nt", reason="the previous release locked otherwise there")
def test_the_previous_release_sees_the_lock(tmp_path: Path) -> None:
    import fcntl  # noqa: PLC0415 -- POSIX only

    path = tmp_path / "lock"
    with file_lock(path), path.open("r+b") as old, pytest.raises(BlockingIOError):
        fcntl.flock(old, fcntl.LOCK_EX | fcntl.LOCK_NB)
    assert path.stat().st_mode & 0o777 == PRIVATE
    with path.open("r+b") as old:
        fcntl.flock(old, fcntl.LOCK_EX | fcntl.LOCK_NB)
        with pytest.raises(TemporaryError), file_lock(path, timeout_s=0):
            pass


def test_a_folder_that_is_not_there_is_not_made(tmp_path: Path) -> None:
    with (
        pytest.raises(UsageError, match="cannot be locked: No such file") as caught,
        file_lock(tmp_path / "none" / "lock", hint="elsewhere"),
    ):
        pass

    assert caught.value.hint == "elsewhere"
    assert not (tmp_path / "none").exists()


@pytest.mark.skipif(os.name == "nt", reason="links need a privilege there")
def test_no_lock_is_taken_through_a_link(tmp_path: Path) -> None:
    (tmp_path / "lock").symlink_to(tmp_path / "other")

    with pytest.raises(UsageError), file_lock(tmp_path / "lock", timeout_s=0):
        pass

    assert not (tmp_path / "other").exists()


@pytest.mark.slow
def test_the_lock_library_is_imported_only_for_locking() -> None:
    code = "import sys, fnt.files, fnt.config.credentials; sys.exit('filelock' in sys.modules)"

    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
