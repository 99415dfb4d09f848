"""A cloned folder's `.fnt.toml` does not decide where a token, a login or a password goes."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from e2e.harness import ClientHome

TOKEN = "fnt_a-personal-token-of-somebody"


class Listener(HTTPServer):
    """Keeps the paths and headers of what it is asked."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.heard: list[str] = []
        self.url = f"http://127.0.0.1:{self.server_port}"


class Handler(BaseHTTPRequestHandler):
    server: Listener

    def do_GET(self) -> None:
        self.server.heard.append(f"{self.path}\n{self.headers}")
        self.send_error(404)

    def do_POST(self) -> None:
        self.do_GET()

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def listeners() -> Iterator[tuple[Listener, Listener]]:
    """The user's own server, and one a project names."""
    with Listener() as own, Listener() as other:
        for each in (own, other):
            threading.Thread(target=each.serve_forever, daemon=True).start()
        yield own, other
        own.shutdown()
        other.shutdown()


@pytest.mark.parametrize(
    "project",
    [
        'profile = "staging"',
        'server = "{other}"',
        'profile = "staging"\nserver = "{other}"\nparallel = 2',
        'server = "{other}"\ninsecure_http = true\nca_file = "/dev/null"',
    ],
)
@pytest.mark.parametrize(
    "command",
    [
        ["whoami"],
        pytest.param(["jobs", "list"], marks=pytest.mark.faults),
        pytest.param(
            ["login", "--email", "ann@example.org", "--password-stdin", "--insecure-storage"],
            marks=pytest.mark.faults,
        ),
    ],
)
def test_an_untrusted_project_does_not_choose_where_secrets_go(
    listeners: tuple[Listener, Listener], tmp_path: Path, project: str, command: list[str]
) -> None:
    own, other = listeners
    home = ClientHome(tmp_path / "home", own.url)
    del home.environ["FNT_SERVER"]
    home.run_ok("config", "set", "server", own.url)
    home.run_ok("config", "set", "--profile", "staging", "server", other.url)
    home.environ["FNT_TOKEN"] = TOKEN
    (home.folder / ".fnt.toml").write_text(project.format(other=other.url))

    done = home.run(*command, stdin="a password\n")

    assert done.returncode == 3, done.stderr
    assert other.heard == []
    assert own.heard
    assert done.stderr.count("is not trusted") == 1
    assert "fnt config trust" in done.stderr


def test_a_trusted_project_does(listeners: tuple[Listener, Listener], tmp_path: Path) -> None:
    own, other = listeners
    home = ClientHome(tmp_path / "home", own.url)
    del home.environ["FNT_SERVER"]
    home.run_ok("config", "set", "--profile", "staging", "server", other.url)
    home.environ["FNT_TOKEN"] = TOKEN
    (home.folder / ".fnt.toml").write_text('profile = "staging"')
    home.run_ok("config", "trust")

    assert home.run("whoami").returncode == 3

    assert (len(own.heard), len(other.heard)) == (0, 1)
    assert TOKEN in other.heard[0]
