"""Where a login is kept, by the real command: each state of a keyring, many processes at once."""

from __future__ import annotations

import itertools
import json
import stat
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from e2e.harness import PASSWORD, ClientHome, RestClient, ServerProcess

MakeServer = Callable[..., ServerProcess]
EMAIL = "keeper@example.org"
START_S = 20.0
"""What a process may take beside its 3 s with the keyring, on a busy machine; `Slow` takes 60 s."""
BACKENDS = """
import json, pathlib, threading
from keyring.backend import KeyringBackend

class Base(KeyringBackend):
    priority = 1
    def get_password(self, service, username): return None
    def set_password(self, service, username, password): pass
    def delete_password(self, service, username): pass

class Slow(Base):
    def get_password(self, service, username): threading.Event().wait(60)
    set_password = get_password

class Raising(Base):
    def get_password(self, service, username): raise RuntimeError("no bus at all")
    set_password = get_password

class PlaintextKeyring(Base):
    path = pathlib.Path(__file__).with_name("kept.json")
    def get_password(self, service, username):
        return json.loads(self.path.read_text()).get(username) if self.path.exists() else None
    def set_password(self, service, username, password):
        self.path.write_text(json.dumps({username: password}))
    def delete_password(self, service, username): self.path.unlink()

class Good(PlaintextKeyring):
    name = "the good one"
"""
BAD = {
    "fail": ("keyring.backends.fail.Keyring", "no secure keyring found"),
    "null": ("keyring.backends.null.Keyring", "no secure keyring found"),
    "slow": ("states.Slow", "did not respond within 3 s"),
    "raises": ("states.Raising", "the keyring failed (RuntimeError)"),
    "forgets": ("states.Base", "the keyring did not store the token"),
    "plaintext": ("keyrings.alt.file.PlaintextKeyring", "no secure keyring found"),
}


@pytest.fixture(scope="module")
def token(shared_server: ServerProcess) -> str:
    shared_server.add_user(EMAIL)
    rest = RestClient(shared_server.url, EMAIL)
    rest.close()
    return rest.token


@pytest.fixture
def home(shared_server: ServerProcess, token: str, tmp_path: Path) -> ClientHome:
    """A client whose keyring the test chooses."""
    home = ClientHome(tmp_path / "home", shared_server.url)
    modules = tmp_path / "modules"
    (modules / "keyrings/alt").mkdir(parents=True)
    (modules / "states.py").write_text(BACKENDS)
    (modules / "keyrings/alt/file.py").write_text(BACKENDS)
    home.environ["PYTHONPATH"] = str(modules)
    del home.environ["FNT_NO_KEYRING"]
    return home


def log_in(home: ClientHome, *args: str) -> tuple[int, str, float]:
    """Return exit code, standard error, and how long it took."""
    began = time.monotonic()
    done = home.run("login", "--email", EMAIL, "--password-stdin", *args, stdin=PASSWORD + "\n")
    return done.returncode, done.stderr, time.monotonic() - began


def files_with(folder: Path, text: str) -> list[Path]:
    files = (path for path in folder.rglob("*") if path.is_file())
    return [path for path in files if text.encode() in path.read_bytes()]


@pytest.mark.parametrize(
    "state", [pytest.param(name, marks=[pytest.mark.faults] * (name == "slow")) for name in BAD]
)
def test_a_keyring_that_cannot_keep_it_is_told_and_nothing_is_written(
    home: ClientHome, state: str
) -> None:
    backend, words = BAD[state]
    home.environ["PYTHON_KEYRING_BACKEND"] = backend

    code, err, seconds = log_in(home)

    assert code == 2, err
    assert words in err
    assert "--insecure-storage" in err
    assert "FNT_TOKEN" in err
    assert seconds < 3 + START_S
    assert files_with(home.folder.parent, "access_token") == []


@pytest.mark.parametrize(
    "state", ["fail", "plaintext", pytest.param("slow", marks=pytest.mark.faults)]
)
def test_the_file_is_there_for_who_asks_for_it(home: ClientHome, state: str) -> None:
    home.environ["PYTHON_KEYRING_BACKEND"] = BAD[state][0]

    code, err, seconds = log_in(home, "--insecure-storage")

    assert code == 0, err
    assert seconds < 3 + START_S
    (file,) = files_with(home.folder.parent, "access_token")
    assert f"token saved in {file} (not encrypted)" in err
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert home.json("whoami")["whoami"]["token"] == f"{file} (not encrypted)"


def test_a_keyring_that_works_is_named(home: ClientHome) -> None:
    home.environ["PYTHON_KEYRING_BACKEND"] = "states.Good"

    code, err, _ = log_in(home)

    assert code == 0, err
    assert "token saved in the system keyring (the good one)" in err
    assert "token    the system keyring (the good one)" in home.run_ok("whoami")
    assert not list(home.folder.rglob("*.json"))


def test_a_keyring_that_fell_silent_is_no_lost_login(home: ClientHome) -> None:
    home.environ["PYTHON_KEYRING_BACKEND"] = "states.Good"
    log_in(home)
    home.environ["PYTHON_KEYRING_BACKEND"] = "states.Slow"

    done = home.run("whoami")

    assert done.returncode == 2
    assert "did not respond within 3 s" in done.stderr
    home.environ["PYTHON_KEYRING_BACKEND"] = "states.Good"
    assert home.run("whoami").returncode == 0


def test_each_profile_has_a_login_of_its_own(
    home: ClientHome, shared_server: ServerProcess
) -> None:
    home.environ["PYTHON_KEYRING_BACKEND"] = BAD["fail"][0]
    del home.environ["FNT_SERVER"]
    other = shared_server.url.replace("127.0.0.1", "localhost")
    for name, url in {"one": shared_server.url, "two": other}.items():
        home.run_ok("config", "set", "--profile", name, "server", url)

    assert log_in(home, "--insecure-storage", "--profile", "one")[0] == 0

    assert home.json("whoami", "--profile", "one")["whoami"]["server"] == shared_server.url
    assert home.run("whoami", "--profile", "two").returncode == 4


class Listener(BaseHTTPRequestHandler):
    """Keeps what it is asked."""

    heard: list[str]

    def do_GET(self) -> None:
        self.heard.append(str(self.headers))
        self.send_error(404)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def listener() -> Iterator[tuple[str, list[str]]]:
    Listener.heard = []
    with HTTPServer(("127.0.0.1", 0), Listener) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}", Listener.heard
        server.shutdown()


@pytest.mark.parametrize(
    ("server", "code"),
    [("", 4), ("http://10.1.2.3:5000", 2), ("http://a:b@127.0.0.1:5000", 2), ("file:///etc", 2)],
)
def test_a_kept_token_goes_to_no_other_server(
    home: ClientHome, listener: tuple[str, list[str]], server: str, code: int
) -> None:
    home.environ["PYTHON_KEYRING_BACKEND"] = "states.Good"
    log_in(home)
    url, heard = listener

    assert home.run("whoami", "--server", server or url).returncode == code

    assert heard == []


def run_at_once(home: ClientHome, *, many: int = 6) -> None:
    """Run a command in several processes; each must end well."""
    processes = [home.start("jobs", "list", "--json") for _ in range(many)]
    ended = [(process.communicate(timeout=60), process.returncode) for process in processes]
    assert [code for _, code in ended] == [0] * many, ended


def renewals(server: ServerProcess) -> int:
    return server.access_log().count("POST /api/v1/auth/refresh")


def test_one_of_many_processes_renews_the_login_for_all(
    shared_server: ServerProcess, token: str, tmp_path: Path
) -> None:
    home = ClientHome(tmp_path / "home", shared_server.url).login(EMAIL)
    (kept,) = (home.folder / "config/credentials").glob("*.json")
    before = renewals(shared_server)
    for count in (1, 2, 3):
        kept.write_text(json.dumps({**json.loads(kept.read_text()), "expires_at": 0.0}))

        run_at_once(home)

        assert renewals(shared_server) == before + count


def test_tokens_that_end_at_once_are_renewed_in_turn(
    make_server: MakeServer, tmp_path: Path
) -> None:
    server = make_server(FNT_ACCESS_TTL_S="1")
    server.add_user(EMAIL)
    home = ClientHome(tmp_path / "home", server.url).login(EMAIL)
    for _ in range(3):
        run_at_once(home)

    assert renewals(server) >= 6
    assert home.run("whoami").returncode == 0


@pytest.mark.faults
def test_a_renewal_that_is_killed_leaves_a_login(make_server: MakeServer, tmp_path: Path) -> None:
    """At any moment: before, while or after the server has answered, the next run goes on."""
    server = make_server(FNT_ACCESS_TTL_S="1")
    server.add_user(EMAIL)
    home = ClientHome(tmp_path / "home", server.url).login(EMAIL)
    for after_s in itertools.islice(itertools.count(0.15, 0.05), 12):
        process = home.start("jobs", "list")
        threading.Event().wait(after_s)  # the moment itself
        process.kill()
        process.communicate()

        assert home.run("whoami").returncode == 0, after_s
