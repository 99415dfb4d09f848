"""Objects by key: complete or absent."""

from __future__ import annotations

import errno
import os
import resource
import secrets
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from fnt_server.config.environment import ConfigError
from fnt_server.storage.object_store import Storage, StorageDownError
from server.services import bucket_environ

BIG = b"0123456789abcdef" * 500_000  # over one part
KILLED_PUT = """
import sys, time
from fnt_server.storage.object_store import Storage
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


@pytest.fixture(params=["folder", "bucket"])
def any_storage(request: pytest.FixtureRequest, storage: Storage) -> Storage:
    """A storage of either kind."""
    if request.param == "folder":
        return storage
    return Storage(f"{request.getfixturevalue('bucket_url')}/{secrets.token_hex(4)}")


@pytest.mark.parametrize("pieces", [[], [b""], [b"a", b"", b"b"], [BIG], [BIG[:7]] * 1000])
def test_put_and_get(any_storage: Storage, pieces: list[bytes]) -> None:
    any_storage.put("jobs/1/a", pieces)

    assert any_storage.get("jobs/1/a") == b"".join(pieces)


def test_put_and_copy_outlast_a_power_cut(
    storage: Storage, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced: list[str] = []
    monkeypatch.setattr(
        os, "fsync", lambda handle: synced.append(str(Path(f"/proc/self/fd/{handle}").readlink()))
    )

    storage.put("jobs/1/a", [b"x"])
    storage.copy("jobs/1/a", "jobs/2/b")

    folders = [folder / "jobs", folder]
    wanted = [
        folder / "jobs/1/a",
        folder / "jobs/1",
        *folders,
        folder / "jobs/2/b",
        folder / "jobs/2",
        *folders,
    ]
    assert synced == list(map(str, wanted))


def test_put_that_fails_leaves_nothing(storage: Storage, folder: Path) -> None:
    def broken() -> Iterator[bytes]:
        yield BIG
        raise KeyError("broke off")

    with pytest.raises(KeyError):
        storage.put("jobs/1/a", broken())

    assert files(folder) == []
    with pytest.raises(FileNotFoundError):
        storage.get("jobs/1/a")


def test_put_that_fails_leaves_the_object_that_was_there(any_storage: Storage) -> None:
    def broken() -> Iterator[bytes]:
        yield BIG
        raise KeyError("broke off")

    any_storage.put("jobs/1/a", [b"first"])
    with pytest.raises(KeyError):
        any_storage.put("jobs/1/a", broken())

    assert any_storage.get("jobs/1/a") == b"first"


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


def test_a_missing_object_is_file_not_found(any_storage: Storage) -> None:
    for act in (
        lambda: any_storage.get("jobs/1/none"),
        lambda: any_storage.iter_bytes("jobs/1/none"),
        lambda: list(any_storage.iter_lines("jobs/1/none")),
        lambda: any_storage.iter_blocks("jobs/1/none"),
        lambda: any_storage.copy("jobs/1/none", "jobs/2/none"),
        lambda: any_storage.local_path("jobs/1/none").__enter__(),
    ):
        with pytest.raises(FileNotFoundError):
            act()


@pytest.mark.parametrize(
    "content", [b"", b"a\nb\n", b"a\nb", b"\n\n", b"x" * 3_000_000 + b"\nend\n"]
)
def test_iter_lines_cuts_at_line_ends(any_storage: Storage, content: bytes) -> None:
    any_storage.put("jobs/1/a", [content])

    assert list(any_storage.iter_lines("jobs/1/a")) == content.splitlines(keepends=True)


@pytest.mark.parametrize(
    "content", [b"", b"a\nb\n", b"a\nb", (b"x" * 700_000 + b"\n") * 5 + b"end"]
)
def test_iter_blocks_cuts_only_at_line_ends(any_storage: Storage, content: bytes) -> None:
    any_storage.put("jobs/1/a", [content])

    blocks = list(any_storage.iter_blocks("jobs/1/a"))

    assert b"".join(blocks) == content
    assert all(block.endswith(b"\n") for block in blocks[:-1])
    assert b"" not in blocks


def test_copy_and_local_path(any_storage: Storage) -> None:
    any_storage.put("jobs/1/a", [b"book"])
    any_storage.copy("jobs/1/a", "jobs/2/b")

    with any_storage.local_path("jobs/2/b") as path:
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
    assert list(storage.iter_keys("jobs/", older_than_s=60)) == [["jobs/11/c"]]


@pytest.mark.parametrize("url", ["nonsense://x", "file:///proc/nowhere/x"])
def test_a_storage_that_cannot_be_used_is_a_config_error(url: str) -> None:
    with pytest.raises(ConfigError):
        Storage(url)


def test_a_bucket_overwrites_lists_and_deletes(bucket_url: str) -> None:
    url = f"{bucket_url}/{secrets.token_hex(4)}"
    storage, other = Storage(url), Storage(f"{bucket_url}/other")
    for key in ("jobs/1/a", "jobs/1/work/b", "jobs/11/c"):
        storage.put(key, [b"first"])
    storage.put("jobs/1/a", [BIG, b"second"])

    assert storage.get("jobs/1/a") == BIG + b"second"
    assert sorted(storage.list_keys("jobs/1/")) == ["jobs/1/a", "jobs/1/work/b"]
    assert list(storage.iter_keys("jobs/", older_than_s=60)) == []
    assert other.list_keys("jobs/") == []
    storage.delete(["jobs/1/a", "jobs/1/none", "jobs/1/work/b"])
    storage.delete([])
    assert storage.list_keys("jobs/") == ["jobs/11/c"]


def test_a_put_to_a_bucket_that_fails_leaves_nothing(bucket_url: str) -> None:
    storage = Storage(f"{bucket_url}/{secrets.token_hex(4)}")

    def broken() -> Iterator[bytes]:
        yield BIG
        raise KeyError("broke off")

    storage.put("jobs/1/a", [b"first"])
    for key in ("jobs/1/a", "jobs/1/b"):
        with pytest.raises(KeyError):
            storage.put(key, broken())

    assert storage.get("jobs/1/a") == b"first"
    assert storage.list_keys("jobs/") == ["jobs/1/a"]


def test_http_must_be_allowed(bucket_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_ALLOW_HTTP")

    with pytest.raises(StorageDownError):
        Storage(bucket_url).get("jobs/1/a")


def every_act(storage: Storage) -> list[Callable[[], object]]:
    return [
        lambda: storage.put("jobs/1/a", [b"x"]),
        lambda: storage.put("jobs/1/a", [BIG]),
        lambda: storage.get("jobs/1/a"),
        lambda: storage.iter_bytes("jobs/1/a"),
        lambda: storage.copy("jobs/1/a", "jobs/1/b"),
        lambda: storage.delete(["jobs/1/a"]),
        lambda: storage.list_keys("jobs/"),
    ]


def test_a_bucket_that_is_away_is_said_to_be(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    for name, value in bucket_environ(f"http://127.0.0.1:{port}").items():
        monkeypatch.setenv(name, value)

    for act in every_act(Storage("s3://fnt-test")):
        with pytest.raises(StorageDownError):
            act()


def test_a_bucket_that_says_nothing_holds_nobody_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("fnt_server.storage.object_store.SILENT_AFTER", timedelta(seconds=0.3))
    with socket.create_server(("127.0.0.1", 0)) as silent:
        for name, value in bucket_environ(f"http://127.0.0.1:{silent.getsockname()[1]}").items():
            monkeypatch.setenv(name, value)
        for act in every_act(Storage("s3://fnt-test")):
            started = time.monotonic()
            with pytest.raises(StorageDownError):
                act()
            assert time.monotonic() - started < 2.0
