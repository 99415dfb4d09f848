"""When a command means the personal server, and when it may start one."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from fnt.config.credentials import CredentialStore, Tokens
from fnt.config.settings import DEFAULT_SERVER, Settings, load_settings
from fnt.errors import AuthError, FntError, SetupError, TemporaryError, UsageError
from fnt.local_server import resolution
from fnt.local_server.folder import LocalFolder
from fnt.local_server.local_use import LocalUse
from fnt.local_server.resolution import is_ci, listens, resolved
from fnt.local_server.server import LocalServer
from world import make_terminal

TOKENS = Tokens(access_token="a", refresh_token="r", expires_at=1.0, email="me@x.org")

SERVER = "http://127.0.0.1:1"
"""Stands for the default server: nobody listens there, whatever runs on this machine."""


@pytest.fixture(autouse=True)
def default_server(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(resolution, "DEFAULT_SERVER", SERVER)


class StartedError(Exception):
    """Somebody wanted a server to be started."""


class Refusing(LocalServer):
    """A personal server that is never started, but tells that it would be."""

    def using(self, *, may_start: bool, **_: Any) -> Any:
        raise StartedError if may_start else TemporaryError("not running")


@pytest.fixture
def local(tmp_path: Path) -> LocalServer:
    return Refusing(LocalFolder(tmp_path / "local"), environ={})


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(config_dir=tmp_path / "config", no_keyring=True)


def outcome(
    settings: Settings,
    local: LocalServer | None,
    use: LocalUse = LocalUse.FIRST,
    *,
    tty: bool = True,
    **environ: str,
) -> str:
    """What becomes of a command: `started`, `default`, or the error."""
    try:
        with resolved(
            settings,
            use,
            find_local=lambda: local,
            terminal=make_terminal(tty=tty),
            environ=environ,
        ) as found:
            return "default" if found is settings else "another"
    except StartedError:
        return "started"
    except FntError as error:
        return error.message


def set_up(local: LocalServer) -> None:
    local.folder.prepare()
    local.folder.token_file.touch()


def log_in(settings: Settings, server: str = SERVER) -> None:
    store = CredentialStore(origin=server, config_dir=settings.config_dir, no_keyring=True)
    store.save(TOKENS, insecure_storage=True)


def test_upload_on_a_terminal_starts_one(settings: Settings, local: LocalServer) -> None:
    assert outcome(settings, local) == "started"


@pytest.mark.parametrize("use", [LocalUse.NEVER, LocalUse.AGAIN])
def test_other_commands_do_not_begin_it(
    settings: Settings, local: LocalServer, use: LocalUse
) -> None:
    assert outcome(settings, local, use) == "default"


@pytest.mark.parametrize(
    "changes", [{"is_default_server": False}, {"token": "fnt_x"}, {"no_local": True}]
)
@pytest.mark.parametrize("is_set_up", [False, True])
def test_what_names_a_server_or_forbids_it_does(
    settings: Settings, local: LocalServer, changes: dict[str, Any], is_set_up: bool
) -> None:
    if is_set_up:
        set_up(local)

    assert outcome(replace(settings, **changes), local) == "default"


@pytest.mark.parametrize("name", resolution.CI_VARIABLES)
def test_ci_starts_none(settings: Settings, local: LocalServer, name: str) -> None:
    assert outcome(settings, local, **{name: "true"}) == "default"


def test_a_variable_that_says_no_is_no_ci() -> None:
    assert not is_ci({"CI": "false", "TF_BUILD": ""})


def test_without_a_terminal_none_is_begun(settings: Settings, local: LocalServer) -> None:
    assert outcome(settings, local, tty=False) == "default"


def test_without_a_system_for_it_none_is_begun(settings: Settings) -> None:
    assert outcome(settings, None) == "default"
    assert "Linux or macOS" in outcome(replace(settings, server="local"), None)


@pytest.mark.parametrize(
    ("use", "found"), [(LocalUse.AGAIN, "default"), (LocalUse.FIRST, "no home")]
)
def test_without_a_home_only_who_would_begin_one_is_told(
    settings: Settings, use: LocalUse, found: str
) -> None:
    def find() -> None:
        raise SetupError("no home")

    try:
        with resolved(
            settings, use, find_local=find, terminal=make_terminal(tty=True), environ={}
        ) as used:
            assert (used, found) == (settings, "default")
    except SetupError as error:
        assert error.message == found


@pytest.mark.parametrize("server", [SERVER, "https://books.example.org"])
def test_a_stored_login_names_a_server(settings: Settings, local: LocalServer, server: str) -> None:
    log_in(settings, server)

    assert outcome(settings, local) == "default"


def test_once_set_up_every_command_takes_it(settings: Settings, local: LocalServer) -> None:
    set_up(local)

    assert outcome(settings, local, LocalUse.AGAIN) == "started"
    assert outcome(settings, local, LocalUse.AGAIN, tty=False) == "not running"
    assert outcome(settings, local, LocalUse.AGAIN, CI="1") == "not running"
    assert outcome(settings, local, LocalUse.NEVER) == "default"


def test_a_login_for_the_default_server_goes_before_it(
    settings: Settings, local: LocalServer
) -> None:
    set_up(local)
    log_in(settings, "https://books.example.org")
    assert outcome(settings, local, LocalUse.AGAIN) == "started"

    log_in(settings)
    assert outcome(settings, local, LocalUse.AGAIN) == "default"


@pytest.mark.parametrize("environ", [{}, {"CI": "true"}])
def test_asked_for_it_is_started_anywhere(
    settings: Settings, local: LocalServer, environ: dict[str, str]
) -> None:
    asked = replace(settings, server="local", is_default_server=False)

    assert outcome(asked, local, LocalUse.AGAIN, tty=False, **environ) == "started"
    with (
        pytest.raises(UsageError, match="no logins"),
        resolved(
            asked, LocalUse.NEVER, find_local=lambda: local, terminal=make_terminal(), environ={}
        ),
    ):
        pass


@pytest.mark.parametrize("server", ["local", DEFAULT_SERVER])
def test_without_the_extra_it_says_how_to_install_it(
    settings: Settings, local: LocalServer, server: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(resolution, "SERVER_MODULES", ("no_such_module",))

    with (
        pytest.raises(TemporaryError, match="cannot reach") as found,
        resolved(
            replace(settings, server=server),
            LocalUse.FIRST,
            find_local=lambda: local,
            terminal=make_terminal(tty=True),
            environ={},
        ),
    ):
        pass

    assert "pip install '.[server]'" in (found.value.hint or "")
    assert not local.folder.path.exists()


@pytest.mark.parametrize(
    ("flags", "is_default"), [({}, True), ({"server": "local"}, False), ({"no_local": True}, True)]
)
def test_settings_tell_whether_a_server_is_named(
    tmp_path: Path, flags: dict[str, Any], is_default: bool
) -> None:
    found = load_settings(flags=flags, environ={}, cwd=tmp_path, config_dir=tmp_path)

    assert found.is_default_server is is_default
    assert found.server == flags.get("server", DEFAULT_SERVER)


@pytest.mark.parametrize("idle", ["0", "8d", "soon", "nan"])
def test_an_idle_time_that_is_none_is_refused(tmp_path: Path, idle: str) -> None:
    environ = {"FNT_LOCAL_IDLE": idle}

    with pytest.raises(UsageError):
        load_settings(flags={}, environ=environ, cwd=tmp_path, config_dir=tmp_path)


def test_the_personal_server_has_one_name_whatever_its_port(settings: Settings) -> None:
    found = replace(settings, server="http://127.0.0.1:1", local_token=Path("token"))

    assert found.server_name == "local"


@contextmanager
def listener(answer: bytes) -> Iterator[str]:
    """A program that listens and answers each connection."""

    def serve() -> None:
        while True:
            try:
                found, _ = server.accept()
            except OSError:
                return
            with found:
                found.recv(1000)
                found.sendall(answer)

    with socket.create_server(("127.0.0.1", 0)) as server:
        thread = threading.Thread(target=serve)
        thread.start()
        yield f"http://127.0.0.1:{server.getsockname()[1]}"
        server.shutdown(socket.SHUT_RDWR)
        thread.join(5)


@pytest.mark.parametrize("answer", [b"HTTP/1.0 404 Not Found\r\n\r\n", b"", b"\0\xff"])
def test_whatever_answers_listens(answer: bytes) -> None:
    with listener(answer) as server:
        assert listens(server)


@pytest.mark.parametrize("is_set_up", [False, True])
def test_a_server_that_listens_goes_before_it(
    settings: Settings, local: LocalServer, is_set_up: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if is_set_up:
        set_up(local)

    with listener(b"HTTP/1.0 404 Not Found\r\n\r\n") as server:
        monkeypatch.setattr(resolution, "DEFAULT_SERVER", server)
        assert outcome(settings, local) == "default"


def test_the_airplay_receiver_of_a_mac_does_not_count() -> None:
    with listener(b"HTTP/1.1 403 Forbidden\r\nServer: AirTunes/670.6.2\r\n\r\n") as server:
        assert not listens(server)


@pytest.mark.slow
def test_a_silent_program_listens() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        assert listens(f"http://127.0.0.1:{server.getsockname()[1]}")


def test_a_closed_port_does_not() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        url = f"http://127.0.0.1:{server.getsockname()[1]}"

    assert not listens(url)


@pytest.mark.parametrize(
    ("use", "named", "code", "is_told"),
    [
        (LocalUse.FIRST, {}, "NOT_LOGGED_IN", True),
        (LocalUse.AGAIN, {}, "NOT_LOGGED_IN", True),
        (LocalUse.NEVER, {}, "NOT_LOGGED_IN", False),
        (LocalUse.FIRST, {"is_default_server": False}, "NOT_LOGGED_IN", False),
        (LocalUse.FIRST, {}, "TOKEN_INVALID", False),
    ],
)
def test_who_is_not_logged_in_where_another_program_has_the_port_is_told_of_it(
    settings: Settings, local: LocalServer, monkeypatch: pytest.MonkeyPatch,
    use: LocalUse, named: dict[str, Any], code: str, is_told: bool,
) -> None:  # fmt: skip
    with listener(b"HTTP/1.0 404 Not Found\r\n\r\n") as server:
        monkeypatch.setattr(resolution, "DEFAULT_SERVER", server)
        with (
            pytest.raises(AuthError) as caught,
            resolved(
                replace(settings, **named), use, find_local=lambda: local,
                terminal=make_terminal(tty=True), environ={},
            ),
        ):  # fmt: skip
            raise AuthError("not logged in", hint="run: fnt login", code=code)

    more = ", or use a personal server: --server local" if is_told else ""
    assert caught.value.hint == f"run: fnt login{more}"
