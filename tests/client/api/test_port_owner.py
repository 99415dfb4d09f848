"""Secrets for the default server go to the user's own or root's, whoever took its port."""

from __future__ import annotations

import os
import queue
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from fnt.api.port_owner import listeners, require_own_server
from fnt.config.credentials import Tokens
from fnt.config.settings import Settings
from fnt.connection import Connection, connect
from fnt.errors import SetupError, TemporaryError

NOBODY = 65534
IMPOSTOR = """
import encodings.idna, http.server, os, sys  # nobody may not read modules later
os.setuid(int(sys.argv[1]))
class Handler(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        print(self.path, self.headers.get("Authorization"), body.decode(), flush=True)
        self.send_error(503)
    do_GET = do_POST
server = http.server.HTTPServer(("127.0.0.1", 0), Handler)
print(server.server_port, flush=True)
server.serve_forever()
"""
TABLE = """\
  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 0100007F:1388 00000000:0000 0A 00000000:00000000 00:00000000 00000000  1000        0 1 1 x
   1: 0100007F:1388 0100007F:9999 01 00000000:00000000 00:00000000 00000000  1001        0 2 1 x
   2: 00000000:1388 00000000:0000 0A 00000000:00000000 00:00000000 00000000  1002        0 3 1 x
   3: 0200007F:1388 00000000:0000 0A 00000000:00000000 00:00000000 00000000  1003        0 4 1 x
   4: 0100007F:1389 00000000:0000 0A 00000000:00000000 00:00000000 00000000  1004        0 5 1 x
"""
TABLE_6 = """\
  sl  local_address                         remote_address                        st ...
   0: 00000000000000000000000000000000:1388 0:0000 0A 0:0 00:0 0  1000        0 1 1 x
   1: 0000000000000000FFFF00000100007F:1388 0:0000 0A 0:0 00:0 0  1001        0 2 1 x
   2: 00000000000000000000000001000000:1388 0:0000 0A 0:0 00:0 0  1002        0 3 1 x
   3: B80D0120000000000000000000000000:1388 0:0000 0A 0:0 00:0 0  1003        0 4 1 x
"""

linux_only = pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells whose a port is")


@pytest.fixture
def listen() -> Iterator[Callable[..., subprocess.Popen[str]]]:
    started = []

    def start(user: int = os.getuid()) -> subprocess.Popen[str]:
        command = [sys.executable, "-S", "-c", IMPOSTOR, str(user)]
        started.append(subprocess.Popen(command, stdout=subprocess.PIPE, text=True))
        return started[-1]

    yield start
    for process in started:
        process.kill()
        process.wait()
        process.stdout.close()


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(config_dir=tmp_path, no_keyring=True)


def url_of(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return f"http://127.0.0.1:{int(process.stdout.readline())}"


def by_password(server: Connection) -> None:
    server.anonymous.login("me@example.org", "my password")


def new_password(server: Connection) -> None:
    server.anonymous.change_password("me@example.org", "my password", "another password")


def by_device(server: Connection) -> None:
    server.anonymous.ask_device_login(host="here")


def by_token(server: Connection) -> None:
    server.api.me()


def by_live_token(server: Connection) -> None:
    server.open_stream(queue.Queue()).connect(timeout_s=2.0)


def tokens(lasting_s: float) -> Tokens:
    return Tokens(
        access_token="mine", refresh_token="mine too", expires_at=lasting_s, email="me@example.org"
    )


@linux_only
@pytest.mark.skipif(os.getuid() != 0, reason="only root can have a process of another user")
@pytest.mark.parametrize("stored", ["FNT_TOKEN", "fresh", "expired"])
@pytest.mark.parametrize("use", [by_password, new_password, by_device, by_token, by_live_token])
def test_another_users_server_gets_nothing(listen, settings, use, stored):
    impostor = listen(NOBODY)
    settings = replace(
        settings,
        server=url_of(impostor),
        token="fnt_mine" if stored == "FNT_TOKEN" else None,
    )
    server = connect(settings)
    if stored != "FNT_TOKEN":
        server.store.save(tokens(0 if stored == "expired" else 9e9), insecure_storage=True)

    with pytest.raises(SetupError, match="belongs to another user of this machine"):
        use(server)

    impostor.kill()
    assert impostor.stdout.read() == ""


@pytest.mark.slow
@linux_only
@pytest.mark.skipif(os.getuid() != 0, reason="only root can have a process of another user")
def test_a_server_that_is_named_is_trusted(listen, settings):
    process = listen(NOBODY)
    named = replace(settings, server=url_of(process), is_default_server=False)

    with pytest.raises(TemporaryError):
        by_token(connect(replace(named, token="fnt_mine")))

    assert "Bearer fnt_mine" in process.stdout.readline()


@linux_only
def test_ones_own_server_is_trusted(listen):
    require_own_server(url_of(listen()))


@linux_only
def test_without_a_listener_it_is_as_unreachable_as_ever(settings):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    server = connect(replace(settings, server=f"http://127.0.0.1:{port}", token="fnt_mine"))

    with pytest.raises(TemporaryError, match=r"cannot reach .* \(connection refused\)") as caught:
        server.require_server()
    assert caught.value.code == "UNREACHABLE"


def test_where_nobody_can_tell_the_server_must_be_named(listen, monkeypatch):
    monkeypatch.setattr("fnt.api.port_owner.sys.platform", "darwin")
    url = url_of(listen())

    with pytest.raises(SetupError, match="may belong to another user") as caught:
        require_own_server(url)

    assert caught.value.hint == f"if you trust it, name it: --server {url}"


@pytest.mark.skipif(sys.byteorder != "little", reason="as a little-endian machine writes it")
def test_who_gets_connections_to_the_loopback():
    assert listeners(TABLE, 5000) == {1000, 1002}
    assert listeners(TABLE_6, 5000) == {1000, 1001}
    assert listeners(TABLE, 80) == set()
