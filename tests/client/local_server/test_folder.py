"""The folder of the personal server against whoever else can write to it."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from fnt.errors import SetupError
from fnt.local_server.folder import LocalFolder
from fnt.local_server.locks import try_lock
from fnt.wire.local_server import ServerState


@pytest.fixture
def folder(tmp_path: Path) -> LocalFolder:
    made = LocalFolder(tmp_path / "local")
    made.prepare()
    made.token_file.write_text("fnt_secret\n")
    made.token_file.chmod(0o600)
    return made


def test_the_token_is_read(folder: LocalFolder) -> None:
    assert folder.token() == "fnt_secret"


@pytest.mark.parametrize("mode", [0o644, 0o660, 0o602])
def test_a_token_that_others_can_touch_is_refused(folder: LocalFolder, mode: int) -> None:
    folder.token_file.chmod(mode)

    with pytest.raises(SetupError, match="by others"):
        folder.token()


def _link(path: Path, target: Path) -> None:
    path.rename(target)
    path.symlink_to(target)


def test_a_token_behind_a_link_is_refused(folder: LocalFolder, tmp_path: Path) -> None:
    _link(folder.token_file, tmp_path / "elsewhere")

    with pytest.raises(SetupError, match="cannot be read"):
        folder.token()


@pytest.mark.parametrize("text", ["", "a\nb", "é", "a\x1b[2J"])
def test_a_token_that_is_none_is_refused(folder: LocalFolder, text: str) -> None:
    folder.token_file.write_text(text)

    with pytest.raises(SetupError, match="holds no token"):
        folder.token()


def _as_link(folder: Path) -> None:
    _link(folder, folder.with_name("elsewhere"))


def _open_to_all(folder: Path) -> None:
    folder.chmod(0o777)


def _as_file(folder: Path) -> None:
    for path in folder.iterdir():
        path.unlink()
    folder.rmdir()
    folder.touch()


@pytest.mark.parametrize("change", [_as_link, _open_to_all, _as_file])
def test_a_folder_that_is_not_the_users_alone_is_refused(
    folder: LocalFolder, change: Callable[[Path], None]
) -> None:
    change(folder.path)

    with pytest.raises(SetupError):
        folder.prepare()


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root to give files away")
def test_what_belongs_to_another_user_is_refused(folder: LocalFolder) -> None:
    os.chown(folder.token_file, 1234, 1234)
    with pytest.raises(SetupError):
        folder.token()

    os.chown(folder.path, 1234, 1234)
    with pytest.raises(SetupError, match="not a folder you own"):
        folder.prepare()


def test_a_folder_that_others_could_read_is_closed(folder: LocalFolder) -> None:
    folder.path.chmod(0o755)

    folder.prepare()

    assert folder.path.stat().st_mode & 0o777 == 0o700


def test_a_lock_behind_a_link_is_refused(folder: LocalFolder, tmp_path: Path) -> None:
    folder.server_lock.symlink_to(tmp_path / "made by us")

    with pytest.raises(SetupError):
        try_lock(folder.server_lock)
    assert not (tmp_path / "made by us").exists()


def test_without_a_home_it_says_what_to_set() -> None:
    with pytest.raises(SetupError, match="no home") as found:
        LocalFolder.of_user({"FNT_LOCAL_DIR": ""}, find_data=lambda _: Path("~/.local/share"))

    assert "FNT_LOCAL_DIR" in (found.value.hint or "")


def test_a_folder_that_cannot_be_made_is_named() -> None:
    with pytest.raises(SetupError, match="cannot write to /proc/nothing/local") as found:
        LocalFolder.of_user({"FNT_LOCAL_DIR": "/proc/nothing/local"}).prepare()

    assert "FNT_LOCAL_DIR" in (found.value.hint or "")


@pytest.mark.parametrize(
    "text",
    ["", "[]", '{"pid": 1, "version": ""}', '{"pid": "2", "version": ""}', '{"pid": 2}',
     '{"pid": 2, "version": 1}', '{"pid": 2, "version": "", "url": null}', "{" * 100_000,
     '{"pid": ' + "[" * 100_000, '{"pid": 99999999999999999999, "version": ""}',
     '{"pid": 2, "version": "\\u001b[2J"}', '{"pid": 2, "version": "' + "9" * 5000 + '"}',
     '{"pid": 2, "version": "", "idle_s": 1e999}',
     '{"pid": 2, "version": "", "url": "http://evil.example:80"}',
     '{"pid": 2, "version": "", "url": "http://127.0.0.1:80@evil.example"}'],
)  # fmt: skip
def test_a_state_that_is_none_is_nothing(text: str) -> None:
    assert ServerState.from_json(text) is None


def test_a_state_is_read_as_it_was_written() -> None:
    state = ServerState(pid=12, version="1.2.3", url="http://127.0.0.1:1", idle_s=600)

    assert ServerState.from_json(state.to_json()) == state
