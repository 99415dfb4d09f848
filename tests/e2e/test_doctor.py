"""`fnt doctor` finds what is wrong, says what to do, and is silent about what follows from it."""

from __future__ import annotations

import json
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from e2e.certificates import make_certificate
from e2e.harness import ClientHome, RestClient, ServerProcess
from e2e.proxy import proxied
from fnt.doctor import CHECKS
from pdfs import make_pdf
from schemas import read_document

MakeClient = Callable[[ServerProcess], tuple[ClientHome, RestClient]]
NAMES = [check.name for check in CHECKS]
SLOW_KEYRING = """
import threading
from keyring.backend import KeyringBackend

class Locked(KeyringBackend):
    priority = 9
    def get_password(self, service, username):
        threading.Event().wait(60)
    def set_password(self, service, username, password): ...
    def delete_password(self, service, username): ...
"""


def examine(
    home: ClientHome, *args: str, code: int = 0, stdin: str = ""
) -> dict[str, dict[str, Any]]:
    """Run the doctor; returns what it found by check, all of them."""
    done = home.run("doctor", "--json", *args, stdin=stdin)
    assert done.returncode == code, f"{done.stdout}\n{done.stderr}"
    document = read_document(done.stdout)
    found = document["doctor"]
    assert [one["check"] for one in found] == NAMES
    assert all(one["hint"] for one in found if one["status"] in ("warn", "fail"))
    assert home.environ.get("FNT_TOKEN", "no token") not in done.stdout + done.stderr
    return {one["check"]: one for one in found}


def those(found: dict[str, dict[str, Any]], status: str) -> list[str]:
    return [name for name, one in found.items() if one["status"] == status]


def after(name: str) -> list[str]:
    return NAMES[NAMES.index(name) + 1 :]


@contextmanager
def fake_server(
    health: dict[str, Any] | str, *, status: int = 200, clock: timedelta = timedelta(),
    tls: ssl.SSLContext | None = None, location: str = "",
) -> Iterator[str]:  # fmt: skip
    """Answer everything with the same body; yields the URL."""
    body = health if isinstance(health, str) else json.dumps(health)

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status)
            self.send_header("Content-Length", str(len(body.encode())))
            if location:
                self.send_header("Location", location)
            self.end_headers()
            self.wfile.write(body.encode())

        def date_time_string(self, timestamp: float | None = None) -> str:
            return format_datetime(datetime.now(UTC) + clock, usegmt=True)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        server.handle_error = lambda *_: None  # type: ignore[method-assign]
        if tls is not None:
            server.socket = tls.wrap_socket(
                server.socket, server_side=True, do_handshake_on_connect=False
            )
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http{'s' if tls else ''}://127.0.0.1:{server.server_port}"
        server.shutdown()


HEALTHY = {"status": "ok", "service": "fnt-server", "capabilities": [], "email": "a@b.c",
           "version": "0.1.0", "checks": {"database": "ok", "broker": "ok", "workers": 2},
           "jobs": []}  # fmt: skip


def stranger(tmp_path: Path, url: str) -> ClientHome:
    """Someone with a token that only fake servers accept."""
    home = ClientHome(tmp_path / "home", url)
    home.environ["FNT_TOKEN"] = "fnt_nobody_knows_this"
    return home


@pytest.fixture(scope="module", autouse=True)
def well(shared_server: ServerProcess) -> None:
    """Wait for the worker, which comes a moment after the first answer."""
    shared_server.wait_until_well()


def test_a_healthy_server(shared_server: ServerProcess, make_client: MakeClient) -> None:
    home, rest = make_client(shared_server)

    found = examine(home)

    assert (those(found, "warn"), those(found, "fail")) == ([], [])
    assert those(found, "skip") == ["keyring", "tls"]
    assert found["join"]["message"] == "no job to join yet; the server responds to joins"
    assert "credentials" in found["login"]["message"]

    job_id = rest.submit(make_pdf())
    home.environ["FNT_TOKEN"] = rest.token
    assert examine(home)["join"]["message"] == f"joined the room of job {job_id}"


def test_lines_for_people(shared_server: ServerProcess, make_client: MakeClient) -> None:
    home, _ = make_client(shared_server)
    home.environ["FNT_TOKEN"] = "fnt_nobody"

    done = home.run("doctor")

    assert done.returncode == 4
    assert "\nok    websocket  the upgrade works\n" in done.stdout
    assert f"\nfail  login      the server rejected the token in FNT_TOKEN\n{'':17}create" in (
        done.stdout
    )
    assert done.stderr.startswith("error: login: ")
    assert home.run("doctor", "-q").stdout.splitlines()[0].startswith("fail  login")


def test_not_logged_in(shared_server: ServerProcess, tmp_path: Path) -> None:
    found = examine(ClientHome(tmp_path, shared_server.url), code=4)

    assert those(found, "fail") == ["login"]
    assert found["login"]["hint"] == "run: fnt login"
    assert found["join"]["message"] == "skipped: login failed"
    assert found["origin"]["status"] == "ok"


def test_nobody_listens(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"

    found = examine(ClientHome(tmp_path, url), code=5)

    assert those(found, "fail") == ["tcp"]
    assert those(found, "skip") == ["keyring", *after("tcp")]


def test_a_name_without_address(tmp_path: Path) -> None:
    found = examine(ClientHome(tmp_path, "https://nowhere.invalid"), code=5)

    assert those(found, "fail") == ["name"]


def refusal(code: str) -> str:
    return json.dumps({"error": "no", "error_code": code})


@pytest.mark.parametrize(
    ("body", "status", "location", "code", "words"),
    [
        ("<html>", 200, "", 2, "this is not an fnt-server (it returned 200)"),
        ("[1,\x1b2]", 404, "", 2, "this is not an fnt-server (it returned 404)"),
        (refusal("HOST_NOT_ALLOWED"), 403, "", 2, "refuses the request: no (HOST_NOT_ALLOWED)"),
        (refusal("BUSY"), 503, "", 5, "refuses the request: no (BUSY)"),
        ("", 301, "https://new.example.org/", 2, "returns 301, a redirect"),
        ("<html>", 502, "", 5, "a proxy in front of the server returns 502"),
        ('{"status":"degraded","service":"fnt-server"}', 503, "", 5, "its database is down"),
    ],
)
def test_what_answers_is_not_a_working_server(
    tmp_path: Path, body: str, status: int, location: str, code: int, words: str
) -> None:
    with fake_server(body, status=status, location=location) as url:
        found = examine(stranger(tmp_path, url), code=code)

    assert those(found, "fail") == ["rest"]
    assert words in found["rest"]["message"]
    assert [one["message"] for one in found.values()].count("skipped: rest failed") == 11


def test_no_websocket_is_polling(shared_server: ServerProcess, make_client: MakeClient) -> None:
    home, rest = make_client(shared_server)
    with proxied(shared_server.port) as proxy:
        proxy.faults.refuse_websocket = True
        through = home.at(proxy.url).login(rest.get("/auth/me").json()["email"])
        found = examine(through)

    assert those(found, "warn") == ["websocket"]
    assert "polling only" in found["websocket"]["message"]
    assert found["join"]["message"] == "no WebSocket connection"


def test_a_proxy_of_the_environment_is_not_asked_for_this_machine(
    shared_server: ServerProcess, make_client: MakeClient
) -> None:
    home, _ = make_client(shared_server)
    home.environ |= dict.fromkeys(("http_proxy", "ALL_PROXY"), "http://user:pw@127.0.0.1:9")
    home.environ["NO_PROXY"] = "example.org"

    found = examine(home)

    assert found["proxy"]["message"] == "not used for a server on this machine"
    assert found["join"]["status"] == "ok"


def test_a_proxy_that_is_away(tmp_path: Path) -> None:
    home = stranger(tmp_path, "https://books.example.org")
    home.environ["https_proxy"] = "http://user:hush@127.0.0.1:9"

    found = examine(home, code=5)

    assert found["proxy"]["message"].startswith("127.0.0.1:9, from HTTPS_PROXY")
    assert found["tcp"]["hint"].startswith("start the proxy")
    assert "hush" not in str(found)


@pytest.mark.parametrize("url", ["socks5://127.0.0.1:9", "nonsense://127.0.0.1:9", "http://[::1"])
def test_a_proxy_that_cannot_be_used(tmp_path: Path, url: str) -> None:
    home = stranger(tmp_path, "https://books.example.org")
    home.environ["ALL_PROXY"] = url

    found = examine(home, code=2)

    assert found["settings"]["message"] == "invalid proxy setting in the environment"


def test_through_a_proxy_the_servers_certificate_is_looked_at(tmp_path: Path) -> None:
    authority, tls = make_certificate(tmp_path, days=5)
    with fake_server(HEALTHY, tls=tls) as url, proxied(int(url.rsplit(":", 1)[1])) as proxy:
        proxy.faults.tunnels = True
        home = stranger(tmp_path, "https://books.example.org")
        home.environ |= {"ALL_PROXY": proxy.url.replace("//", "//user:hush@")}
        found = examine(home, "--ca-file", str(authority))

    assert found["name"]["message"] == "127.0.0.1 resolves to 127.0.0.1"
    assert found["tls"]["message"].startswith("the certificate expires in 5 days")
    assert found["rest"]["status"] == "ok"
    assert proxy.asked_for[0].startswith(b"CONNECT books.example.org:443 ")
    assert all(b"Basic dXNlcjpodXNo" in asked for asked in proxy.asked_for)


@pytest.mark.parametrize(
    "variable", ["ALL_PROXY", pytest.param("http_proxy", marks=pytest.mark.faults)]
)
def test_rest_and_socket_take_the_same_proxy(
    make_server: Callable[..., ServerProcess], make_client: MakeClient, variable: str
) -> None:
    server = make_server(FNT_ALLOWED_HOSTS="books.example.org")
    server.wait_until_well()
    home, rest = make_client(server)
    with proxied(server.port) as proxy:
        proxy.faults.tunnels = True
        through = home.at("http://books.example.org")
        through.environ |= {"FNT_TOKEN": rest.token, variable: proxy.url}
        through.environ["NO_PROXY"] = "::1,[fd00::]/8,10.0.0.0/8,10.0.0.0/99,books.example.org:1"
        found = examine(through, "--insecure-http")

    assert found["proxy"]["message"].split()[-5] == variable.upper()
    assert those(found, "warn") == ["tls"]
    assert found["join"]["status"] == "ok"
    assert proxy.asked_for[-1].startswith(b"CONNECT books.example.org:80 ")


def test_foreign_pages_let_in_are_told_of(
    make_server: Callable[..., ServerProcess], make_client: MakeClient
) -> None:
    home, _ = make_client(make_server(FNT_CORS_ORIGINS="https://stranger.invalid"))

    found = json.loads(home.run("doctor", "--json").stdout)["doctor"]

    assert ("origin", "warn") in [(one["check"], one["status"]) for one in found]


@pytest.mark.parametrize(
    ("days", "trusted", "code", "status", "words"),
    [
        (90, False, 2, "fail", "not trusted: self-signed certificate"),
        (90, True, 0, "ok", "the certificate is trusted, valid until"),
        (5, True, 0, "warn", "the certificate expires in 5 days"),
        (-5, True, 2, "fail", "certificate has expired"),
    ],
)
def test_certificates(
    tmp_path: Path, days: int, trusted: bool, code: int, status: str, words: str
) -> None:
    authority, tls = make_certificate(tmp_path, days=days)
    extra = ["--ca-file", str(authority)] if trusted else []
    with fake_server(HEALTHY, tls=tls) as url:
        found = examine(stranger(tmp_path, url), *extra, code=code)

    assert (found["tls"]["status"], words in found["tls"]["message"]) == (status, True)
    assert found["rest"]["status"] == ("skip" if code else "ok")


def test_tls_asked_of_a_plain_server(tmp_path: Path) -> None:
    with fake_server(HEALTHY) as url:
        found = examine(stranger(tmp_path, url.replace("http", "https")), code=2)

    assert "does not speak TLS" in found["tls"]["message"]


@pytest.mark.parametrize(
    ("clock", "words"),
    [(timedelta(hours=3), "3 hours behind"), (timedelta(days=-2), "2 days ahead of")],
)
def test_a_clock_that_is_wrong(tmp_path: Path, clock: timedelta, words: str) -> None:
    with fake_server(HEALTHY, clock=clock) as url:
        found = examine(stranger(tmp_path, url))

    assert found["clock"]["status"] == "warn"
    assert words in found["clock"]["message"]


def test_what_the_server_says_of_itself(tmp_path: Path) -> None:
    ill = {**HEALTHY, "status": "degraded", "version": "9.0.0",
           "checks": {"database": "ok", "broker": "down", "workers": 0,
                      "events": "down", "storage": "down"}}  # fmt: skip
    with fake_server(ill) as url:
        found = examine(stranger(tmp_path, url), code=5)

    assert those(found, "fail") == ["broker", "workers", "storage"]
    assert those(found, "warn") == ["rest", "version", "events", "websocket"]
    assert found["version"]["hint"] == "upgrade fnt"


def test_a_broken_configuration(tmp_path: Path) -> None:
    home = stranger(tmp_path, "http://127.0.0.1:9")
    (home.folder / "config").mkdir()
    (home.folder / "config" / "config.toml").write_text("servre = 'x'\n")

    found = examine(home, code=2)

    assert those(found, "fail") == ["settings"]
    assert (found["folder"]["status"], found["proxy"]["status"]) == ("ok", "skip")


def test_a_folder_that_is_a_file(tmp_path: Path) -> None:
    with fake_server(HEALTHY) as url:
        home = stranger(tmp_path, url)
        (home.folder / "file").touch()
        found = examine(home, "-o", "file", code=2)

    assert those(found, "fail") == ["folder"]


def test_an_untrusted_project(shared_server: ServerProcess, make_client: MakeClient) -> None:
    home, _ = make_client(shared_server)
    (home.folder / ".fnt.toml").write_text("server = 'https://elsewhere.example.org'\n")

    found = examine(home)

    assert those(found, "warn") == ["settings"]
    assert found["settings"]["hint"] == "review it, then run: fnt config trust"


def test_a_keyring_that_is_silent(tmp_path: Path) -> None:
    (tmp_path / "slow.py").write_text(SLOW_KEYRING)
    with fake_server(HEALTHY) as url:
        home = ClientHome(tmp_path / "home", url)
        del home.environ["FNT_NO_KEYRING"]
        home.environ |= {"PYTHONPATH": str(tmp_path), "PYTHON_KEYRING_BACKEND": "slow.Locked"}
        found = examine(home, code=2)

    assert those(found, "fail") == ["keyring"]
    assert "did not respond within 3 s" in found["keyring"]["message"]
    assert found["login"]["message"] == "skipped: keyring failed"


def test_a_silent_server_takes_five_seconds_and_no_more(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        began = time.monotonic()
        found = examine(stranger(tmp_path, f"http://127.0.0.1:{silent.getsockname()[1]}"), code=5)

    assert time.monotonic() - began < 12
    assert found["rest"]["message"] == "no response within 5 s"


def test_the_time_given_is_kept(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        found = examine(stranger(tmp_path, url), "--timeout", "1.5s", code=5)

    assert found["tcp"]["status"] == "ok"
    assert found["rest"]["message"] == "skipped: timed out"
