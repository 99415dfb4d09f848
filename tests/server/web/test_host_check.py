"""Host names of requests: a page of another site must not pass for one of this server."""

from __future__ import annotations

import socket

import pytest

from fnt.wire import paths
from fnt_server.config.allowed_hosts import allowed_hosts
from fnt_server.web.host_check import is_allowed
from server.processes import Deployment, WebProcess
from server.web.crowds import connect, final_answer

FAULTS = pytest.mark.faults
NAMES = ["127.0.0.1", "127.0.0.1:5000", "[::1]:5000", "localhost", "LOCALHOST.:80", "a.localhost",
         socket.gethostname()]  # fmt: skip
FOREIGN = ["evil.example", "evil.example:5000", "localhost.evil.example", "127.0.0.1.evil.example",
           "notlocalhost", "[::1", "a@evil.example", "127.0.0.1@evil.example:5000",
           "127.0.0.1#evil.example", "evil.example\\@127.0.0.1", "127.0.0.1/evil.example",
           "localhost?x", "0x7f.1", "[127.0.0.1", "127.0.0.1:80:80", "[evil.example]"]  # fmt: skip


def ask(web: WebProcess, host: str, path: str = paths.HEALTH, more: str = "") -> bytes:
    head = f"GET {path} HTTP/1.1\r\nHost: {host}\r\n{more}\r\n"
    with connect(web.port) as client:
        client.sendall(head.encode())
        client.shutdown(socket.SHUT_WR)
        answer = b""
        while not answer.startswith(b"HTTP/1.1 101") and (data := client.recv(65536)):
            answer += data
        return answer


def upgrade(web: WebProcess, host: str) -> bytes:
    more = (
        f"Origin: http://{host}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: eHh4eHh4eHh4eHh4eHh4eA==\r\n"
    )
    return ask(web, host, "/socket.io/?EIO=4&transport=websocket", more)


@pytest.mark.parametrize("host", NAMES)
def test_addresses_and_this_machines_own_name_are_served(web: WebProcess, host: str) -> None:
    assert ask(web, host).startswith(b"HTTP/1.1 200")
    assert upgrade(web, host).startswith(b"HTTP/1.1 101")


@pytest.mark.parametrize("host", FOREIGN)
@pytest.mark.parametrize("path", [paths.HEALTH, "/device", "/nowhere"])
def test_a_foreign_name_reaches_nothing(web: WebProcess, host: str, path: str) -> None:
    answer = ask(web, host, path)

    assert answer.startswith(b"HTTP/1.1 4")
    assert b'"HOST_NOT_ALLOWED"' in answer or b'"BAD_REQUEST"' in answer


@pytest.mark.parametrize("host", FOREIGN[:4])
def test_a_foreign_name_opens_no_socket(web: WebProcess, host: str) -> None:
    polled = ask(web, host, "/socket.io/?EIO=4&transport=polling")

    for answer in (upgrade(web, host), polled):
        assert answer.startswith(b"HTTP/1.1 403")
        assert b'"HOST_NOT_ALLOWED"' in answer


@pytest.mark.parametrize(
    "settings",
    [
        {"FNT_ALLOWED_HOSTS": "other.example, evil.example"},
        pytest.param({"FNT_ALLOWED_HOSTS": "*"}, marks=FAULTS),
        {"FNT_PROXIES": "1"},
        {"FNT_HOST": "0.0.0.0"},
    ],
    ids=str,
)
def test_a_name_may_be_allowed(deployment: Deployment, settings: dict[str, str]) -> None:
    web = deployment.start_web(**settings)

    assert ask(web, "evil.example").startswith(b"HTTP/1.1 200")


@pytest.mark.parametrize(
    "host",
    [
        "127.1",
        *(
            pytest.param(name, marks=FAULTS)
            for name in ("LOCALHOST", "2130706433", "::ffff:127.0.0.1")
        ),
    ],
)
def test_a_loopback_by_another_name_is_one(deployment: Deployment, host: str) -> None:
    web = deployment.start_web(FNT_HOST=host)

    assert ask(web, "evil.example").startswith(b"HTTP/1.1 403")
    assert ask(web, "localhost").startswith(b"HTTP/1.1 200")


def test_the_name_it_listens_on_is_served() -> None:
    name = socket.gethostname().upper()

    assert is_allowed(name, allowed_hosts("", listens_on=name, proxies=0))


@pytest.mark.parametrize(
    "setting",
    [{}, pytest.param({"FNT_HOST": "0.0.0.0", "FNT_ALLOWED_HOSTS": "localhost"}, marks=FAULTS)],
)
def test_a_request_without_a_host_comes_from_no_browser(
    deployment: Deployment, setting: dict[str, str]
) -> None:
    web = deployment.start_web(**setting)
    with connect(web.port) as client:
        client.sendall(f"GET {paths.HEALTH} HTTP/1.0\r\n\r\n".encode())
        assert b" 200 OK" in final_answer(client)
    assert ask(web, "evil.example").startswith(b"HTTP/1.1 403")


def test_the_log_says_what_to_set_as_some_clients_do_not(deployment: Deployment) -> None:
    web = deployment.start_web()

    ask(web, "fnt.example.org", "/socket.io/?EIO=4&transport=polling")

    line = [line for line in deployment.logs().splitlines() if "request refused" in line][-1]
    assert "FNT_PROXIES" in line
    assert "FNT_ALLOWED_HOSTS" in line
    assert "fnt.example.org" not in line
