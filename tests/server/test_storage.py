"""Files by key: whole or not there at all."""

from __future__ import annotations

import errno
import os
import resource
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from fnt_server.config import ConfigError
from fnt_server.storage import Storage

BIG = b"0123456789abcdef" * 500_000  # over one part
KILLED_PUT = """
import sys, time
from fnt_server.storage import Storage
def pieces():
    yield b"x" * 6_000_000
    print("half", flush=True)
    time.sleep(60)
Storage(sys.argv[1]).put("jobs/1/killed.pdf", pieces())
"""


def files(folder: Path) -> list[str]:
    return sorted(str(p.relative_to(folder)) for p in folder.rglob("*") if p.is_file())


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "files"


@pytest.mark.parametrize("pieces", [[], [b""], [b"a", b"", b"b"], [BIG], [BIG[:7]] * 1000])
def test_put_and_get(storage: Storage, pieces: list[bytes]) -> None:
    storage.put("jobs/1/a", pieces)

    assert storage.get("jobs/1/a") == b"".join(pieces)


def test_put_that_fails_leaves_nothing(storage: Storage, folder: Path) -> None:
    def broken() -> Iterator[bytes]:
        yield BIG
        raise KeyError("broke off")

    with pytest.raises(KeyError):
        storage.put("jobs/1/a", broken())

    assert files(folder) == []
    with pytest.raises(FileNotFoundError):
        storage.get("jobs/1/a")


def test_put_that_fails_leaves_the_object_that_was_there(storage: Storage) -> None:
    def broken() -> Iterator[bytes]:
        yield BIG
        raise KeyError("broke off")

    storage.put("jobs/1/a", [b"first"])
    with pytest.raises(KeyError):
        storage.put("jobs/1/a", broken())

    assert storage.get("jobs/1/a") == b"first"


def test_put_killed_half_way_leaves_nothing_for_long(storage: Storage, folder: Path) -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", KILLED_PUT, folder.as_uri()], stdout=subprocess.PIPE
    )
    with process:
        assert process.stdout
        assert process.stdout.readline() == b"half\n"
        process.send_signal(signal.SIGKILL)
    assert storage.list_keys("jobs/") == []
    assert len(files(folder)) == 1

    storage.delete_drafts(older_than_s=3600)
    assert len(files(folder)) == 1
    storage.delete_drafts(older_than_s=0)

    assert files(folder) == []


def test_put_on_a_full_disk_says_so_and_leaves_nothing(storage: Storage, folder: Path) -> None:
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1_000_000, before[1]))
    try:
        with pytest.raises(OSError, match="File too large") as error:
            storage.put("jobs/1/a", [BIG])
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)

    assert error.value.errno == errno.EFBIG
    assert files(folder) == []


def test_a_missing_object_is_file_not_found(storage: Storage) -> None:
    for act in (
        lambda: storage.get("jobs/1/none"),
        lambda: storage.iter_bytes("jobs/1/none"),
        lambda: list(storage.iter_lines("jobs/1/none")),
        lambda: storage.copy("jobs/1/none", "jobs/2/none"),
        lambda: storage.local_path("jobs/1/none").__enter__(),
    ):
        with pytest.raises(FileNotFoundError):
            act()


@pytest.mark.parametrize(
    "content", [b"", b"a\nb\n", b"a\nb", b"\n\n", b"x" * 3_000_000 + b"\nend\n"]
)
def test_iter_lines_cuts_at_line_ends(storage: Storage, content: bytes) -> None:
    storage.put("jobs/1/a", [content])

    assert list(storage.iter_lines("jobs/1/a")) == content.splitlines(keepends=True)


def test_copy_and_local_path(storage: Storage) -> None:
    storage.put("jobs/1/a", [b"book"])
    storage.copy("jobs/1/a", "jobs/2/b")

    with storage.local_path("jobs/2/b") as path:
        assert path.read_bytes() == b"book"


def test_delete_takes_the_folder_too_and_what_is_gone_is_no_error(
    storage: Storage, folder: Path
) -> None:
    storage.put("jobs/1/work/a", [b"book"])

    storage.delete(["jobs/1/work/a", "jobs/1/none"])
    storage.delete(["jobs/1/work/a"])

    assert [p for p in folder.rglob("*") if p.name == "1"] == []


def test_list_keys_by_prefix_and_age(storage: Storage, folder: Path) -> None:
    for key in ("jobs/1/a", "jobs/1/work/b", "jobs/11/c"):
        storage.put(key, [b"x"])
    os.utime(folder / "jobs/11/c", (1, 1))

    assert sorted(storage.list_keys("jobs/1/")) == ["jobs/1/a", "jobs/1/work/b"]
    assert storage.list_keys("jobs/", older_than_s=60) == ["jobs/11/c"]


@pytest.mark.parametrize("url", ["nonsense://x", "file:///proc/nowhere/x"])
def test_a_storage_that_cannot_be_used_is_a_config_error(url: str) -> None:
    with pytest.raises(ConfigError):
        Storage(url)
