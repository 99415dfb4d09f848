"""Personal tokens by the real commands: names, last use, revocation, and what they may not do."""

from __future__ import annotations

import json
import re
import subprocess
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import httpx
import pytest

from e2e import programs
from e2e.harness import PASSWORD, ClientHome, RestClient, ServerProcess
from schemas import read_document

MakeClient = Callable[[ServerProcess], tuple[ClientHome, RestClient]]
NEW_PASSWORD = "battery of horses"


def with_token(home: ClientHome, token: str) -> ClientHome:
    """Return a machine of the same user that has nothing but a token."""
    machine = ClientHome(home.folder / "machine", home.environ["FNT_SERVER"])
    machine.environ["FNT_TOKEN"] = token
    return machine


def email_of(home: ClientHome) -> str:
    email: str = home.json("whoami")["whoami"]["email"]
    return email


def manage(server: ServerProcess, *args: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
    return programs.run(
        "fnt_server", "user", *args, "--data-dir", str(server.data_dir),
        env=server.environ, stdin=stdin, timeout_s=60,
    )  # fmt: skip


def test_a_token_is_created_listed_used_and_revoked(
    shared_server: ServerProcess, make_client: MakeClient
) -> None:
    home, _ = make_client(shared_server)
    token = home.run_ok("tokens", "create", "nightly import").strip()
    machine = with_token(home, token)
    assert re.fullmatch(r"[0-9a-f]{8} .* last used never +nightly import\n",
                        home.run_ok("tokens", "list"))  # fmt: skip

    machine.run_ok("jobs", "list")

    (listed,) = read_document(home.run_ok("tokens", "list", "--json"))["tokens list"]
    assert (listed["name"], set(listed)) == (
        "nightly import", {"id", "name", "created_at", "expires_at", "last_used_at"},
    )  # fmt: skip
    assert listed["last_used_at"] > listed["created_at"]
    home.run_ok("tokens", "revoke", "nightly import")
    done = machine.run("jobs", "list")
    assert (done.returncode, "rejected the token" in done.stderr) == (4, True)
    assert home.run("tokens", "revoke", "nightly import").returncode == 3


def test_an_administrator_lists_and_revokes(
    shared_server: ServerProcess, make_client: MakeClient
) -> None:
    home, _ = make_client(shared_server)
    email = email_of(home)
    token = manage(shared_server, "token", email, "--name", "by hand").stdout.strip()
    manage(shared_server, "token", email)
    with_token(home, token).run_ok("whoami")

    listed = manage(shared_server, "tokens", "list", email, "--json").stdout
    rows = [json.loads(line) for line in listed.splitlines()]
    assert [row["name"] for row in rows] == ["by hand", None]
    assert rows[0]["last_used_at"] and not rows[1]["last_used_at"]
    assert "no name" in home.run_ok("tokens", "list")
    assert manage(shared_server, "tokens", "revoke", email, "by hand").returncode == 0
    assert manage(shared_server, "tokens", "revoke", email, rows[1]["id"]).returncode == 0

    assert with_token(home, token).run("whoami").returncode == 4
    assert manage(shared_server, "tokens", "list", email).stdout == ""


@pytest.mark.parametrize("how", ["passwd", "logout --all", "administrator"])
def test_tokens_end_with(shared_server: ServerProcess, make_client: MakeClient, how: str) -> None:
    home, _ = make_client(shared_server)
    machine = with_token(home, home.run_ok("tokens", "create", "ci").strip())
    machine.run_ok("whoami")

    if how == "passwd":
        home.run_ok("passwd", "--password-stdin", stdin=f"{PASSWORD}\n{NEW_PASSWORD}\n")
    elif how == "logout --all":
        home.run_ok("logout", "--all")
    else:
        words = ("passwd", email_of(home), "--password-stdin")
        assert manage(shared_server, *words, stdin=NEW_PASSWORD + "\n").returncode == 0

    assert machine.run("whoami").returncode == 4


@pytest.mark.parametrize(
    "command",
    [
        ["tokens", "list"],
        ["tokens", "create", "another"],
        ["tokens", "revoke", "ci"],
        ["logout", "--all"],
    ],
)
def test_a_token_has_no_power_over_the_account(
    shared_server: ServerProcess, make_client: MakeClient, command: list[str]
) -> None:
    home, rest = make_client(shared_server)
    machine = with_token(home, home.run_ok("tokens", "create", "ci").strip())

    done = machine.run(*command, "--json")

    assert done.returncode == 4
    assert read_document(done.stdout)["error"]["code"] == "LOGIN_REQUIRED"
    assert [token["name"] for token in rest.get("/auth/tokens").json()["tokens"]] == ["ci"]
    machine.run_ok("whoami")
    home.run_ok("whoami")


def test_a_token_changes_no_password(shared_server: ServerProcess, make_client: MakeClient) -> None:
    home, rest = make_client(shared_server)
    token = home.run_ok("tokens", "create", "ci").strip()
    body = {"email": email_of(home), "password": PASSWORD, "new_password": NEW_PASSWORD}

    answer = httpx.post(
        f"{shared_server.url}/api/v1/auth/password", json=body,
        headers={"Authorization": f"Bearer {token}"},
    )  # fmt: skip

    assert (answer.status_code, answer.json()["error_code"]) == (403, "LOGIN_REQUIRED")
    assert rest.get("/auth/me").status_code == 200


class OldServer(BaseHTTPRequestHandler):
    """A server that knows no route of tokens."""

    def do_GET(self) -> None:
        length = int(self.headers.get("Content-Length", 0))
        self.rfile.read(length)
        body = json.dumps({"error": "not found", "error_code": "NOT_FOUND"}).encode()
        self.send_response(404)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_POST(self) -> None:
        self.do_GET()

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def old_server() -> Iterator[str]:
    with HTTPServer(("127.0.0.1", 0), OldServer) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@pytest.mark.parametrize("command", [["list"], ["create", "ci"], ["revoke", "ci"]])
def test_an_old_server_is_told_plainly(old_server: str, tmp_path: Path, command: list[str]) -> None:
    home = ClientHome(tmp_path / "home", old_server)
    home.environ["FNT_TOKEN"] = "fnt_x"

    done = home.run("tokens", *command)

    assert done.returncode == 2
    assert "this server does not let users manage their tokens" in done.stderr
    assert "fnt-server user token EMAIL" in done.stderr
