"""The port, the user and the token of a personal server."""

from __future__ import annotations

import shutil
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import delete, update

from fnt_server.auth import users
from fnt_server.cli import local_server
from fnt_server.config.environment import ConfigError
from fnt_server.db.connection import Database, now
from fnt_server.db.models import AccessToken, User


@pytest.fixture
def database(migrated_sqlite: Path, tmp_path: Path) -> Iterator[Database]:
    shutil.copyfile(migrated_sqlite, tmp_path / "fnt.db")
    made = Database(f"sqlite:///{tmp_path / 'fnt.db'}")
    yield made
    made.dispose()


@pytest.fixture
def token_file(database: Database, tmp_path: Path) -> Path:
    path = tmp_path / "token"
    local_server.require_token(database, path)
    return path


def test_a_new_folder_gets_a_user_and_a_private_token(database: Database, token_file: Path) -> None:
    assert [user.email for user in users.list_users(database)] == [local_server.USER]
    assert len(users.list_personal_tokens(database, local_server.USER)) == 1
    assert token_file.read_text().startswith("fnt_")
    assert token_file.stat().st_mode & 0o777 == 0o600


def test_a_valid_token_is_kept(database: Database, token_file: Path) -> None:
    before = token_file.read_text()

    local_server.require_token(database, token_file)

    assert token_file.read_text() == before
    assert len(users.list_personal_tokens(database, local_server.USER)) == 1


def _lose(database: Database, path: Path) -> None:
    path.unlink()


def _open(database: Database, path: Path) -> None:
    path.chmod(0o644)


def _link(database: Database, path: Path) -> None:
    path.rename(path.with_name("elsewhere"))
    path.symlink_to(path.with_name("elsewhere"))


def _revoke(database: Database, path: Path) -> None:
    with database.write() as session:
        session.execute(delete(AccessToken))


def _forget_user(database: Database, path: Path) -> None:
    with database.write() as session:
        session.execute(delete(User))


def _age(database: Database, path: Path) -> None:
    with database.write() as session:
        session.execute(update(AccessToken).values(ends_at=now() + 86400))


@pytest.mark.parametrize("spoil", [_lose, _open, _link, _revoke, _forget_user, _age])
def test_any_other_is_replaced(database: Database, token_file: Path, spoil: object) -> None:
    before = token_file.read_text()
    spoil(database, token_file)  # type: ignore[operator]

    local_server.require_token(database, token_file)

    assert token_file.read_text() != before
    assert token_file.stat(follow_symlinks=False).st_mode & 0o777 == 0o600
    assert not token_file.is_symlink()


def test_the_port_is_used_again(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    (tmp_path / "port").write_text(f"{port}\n")

    assert local_server.usable_port("127.0.0.1", tmp_path / "port") == port


@pytest.mark.parametrize("text", [None, "", "x", "-1", "99999999"])
def test_without_a_port_to_keep_any_is_used(tmp_path: Path, text: str | None) -> None:
    if text is not None:
        (tmp_path / "port").write_text(text)

    assert local_server.usable_port("127.0.0.1", tmp_path / "port") == 0


def test_a_port_that_another_program_has_is_given_up(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        (tmp_path / "port").write_text(str(other.getsockname()[1]))

        assert local_server.usable_port("127.0.0.1", tmp_path / "port") == 0


def test_a_folder_that_cannot_be_written_is_named(database: Database) -> None:
    with pytest.raises(ConfigError, match="cannot write /proc/nothing/token"):
        local_server.require_token(database, Path("/proc/nothing/token"))
