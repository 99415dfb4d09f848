"""What is no valid HTTP or WebSocket handshake is answered in the format of all errors."""

from __future__ import annotations

import contextlib
import json
import socket

import pytest

from fnt.wire import paths
from fnt.wire.error_codes import ErrorCode
from fnt_server.concurrency import GEVENT, THREADS
from server.processes import Deployment, WebProcess
from server.web.crowds import connect, final_answer, health_s

WEBSOCKET = (
    "GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\nHost: [::]\r\n"
    "Upgrade: {upgrade}\r\nConnection: Upgrade\r\n"
    "Sec-WebSocket-Version: {version}\r\nSec-WebSocket-Key: {key}\r\n{more}\r\n"
)
EXTENSIONS = "Sec-WebSocket-Extensions"
KEY = "eHh4eHh4eHh4eHh4eHh4eA=="


def handshake(
    *, upgrade: str = "websocket", version: str = "13", key: str = KEY, more: str = ""
) -> bytes:
    return WEBSOCKET.format(upgrade=upgrade, version=version, key=key, more=more).encode()


def chunked(body: bytes, path: str = paths.CONFIRM) -> bytes:
    head = f"POST {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
    login = "Authorization: Bearer {}\r\nTransfer-Encoding: chunked\r\n"
    kind = "Content-Type: application/json\r\n\r\n"
    return (head + login + kind).encode() + body


@pytest.fixture(scope="module", params=[THREADS, GEVENT])
def worker_class(request: pytest.FixtureRequest) -> str:
    """Both every day: each parses what is malformed on its own."""
    name: str = request.param
    return name


@pytest.fixture(scope="module")
def token(deployment: Deployment) -> str:
    return deployment.add_user()[1]


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        (b"NONSENSE\r\n\r\n", 400),
        (b"GET /\r\n\r\n", 400),
        (b"GET / HTTP/9.9\r\nHost: [::]\r\n\r\n", 400),
        (b"get / HTTP/1.1\r\nHost: [::]\r\n\r\n", 400),
        (b"GET http://[ HTTP/1.1\r\nHost: [::]\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nno colon\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nA b: c\r\n\r\n", 400),
        (b"POST / HTTP/1.1\r\nContent-Length: x\r\n\r\n", 400),
        (b"POST / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n", 400),
        (b"POST / HTTP/1.1\r\nTransfer-Encoding: zip\r\n\r\n", 501),
        (b"POST / HTTP/1.1\r\nExpect: miracles\r\nContent-Length: 1\r\n\r\nx", 417),
        (b"GET /" + b"a" * 9000 + b" HTTP/1.1\r\n\r\n", 414),
        (b"GET / HTTP/1.1\r\n" + b"A: b\r\n" * 200 + b"\r\n", 431),
        (b"GET / HTTP/1.1\r\nA: " + b"b" * 9000 + b"\r\n\r\n", 431),
        (b"FOO / HTTP/1.1\r\nHost: [::]\r\nConnection: close\r\n\r\n", 404),
        (f"TRACE {paths.HEALTH} HTTP/1.1\r\nHost: [::]\r\nConnection: close\r\n\r\n".encode(), 405),
        (b"CONNECT x:1 HTTP/1.1\r\nHost: [::]\r\nConnection: close\r\n\r\n", 404),
        (chunked(b"zz\r\n{}\r\n0\r\n\r\n"), 400),
        (chunked(b"2\r\n{}xx0\r\n\r\n"), 400),
        (chunked(b"-2\r\n{}\r\n0\r\n\r\n"), 400),
        (chunked(b"2;=\r\n{}\r\n0\r\n\r\n"), 400),
        (chunked(b"2\r\n{}\r\n", path=paths.LOGIN), 411),
        (handshake(version="8"), 426),
        (handshake(version="x"), 426),
        (handshake(key="x"), 400),
        (handshake(upgrade="h2c"), 400),
        (handshake(more=f"{EXTENSIONS}: permessage-deflate;server_max_window_bits=x\r\n"),
         400),
    ],
)  # fmt: skip
def test_the_answer_is_json(web: WebProcess, token: str, sent: bytes, status: int) -> None:
    with connect(web.port) as client:
        client.sendall(sent.replace(b"{}\r\nTransfer", token.encode() + b"\r\nTransfer"))
        with contextlib.suppress(OSError):  # the server may have closed it already
            client.shutdown(socket.SHUT_WR)
        head, _, body = final_answer(client).partition(b"\r\n\r\n")

    assert int(head.split()[1]) == status
    assert b"application/json" in head
    assert json.loads(body)["error_code"] in set(ErrorCode)
    assert health_s(web) < 2


@pytest.mark.parametrize("chunks", [b"5\r\nab", b"fffff\r\n" + b"x" * 200_000, b"zz\r\n"])
def test_an_answer_to_an_unread_body_says_that_the_connection_ends(
    web: WebProcess, chunks: bytes
) -> None:
    with connect(web.port) as client:
        client.sendall(chunked(chunks, path=paths.LOGIN).replace(b"Connection: close\r\n", b""))
        answer = final_answer(client)

    assert answer.startswith(b"HTTP/1.1 411")
    assert b"\r\nConnection: close\r\n" in answer
    assert answer.count(b"HTTP/1.1") == 1


@pytest.mark.parametrize("path", [paths.LOGIN, paths.CONFIRM])
def test_a_body_that_was_sent_whole_ends_no_connection(
    web: WebProcess, token: str, path: str
) -> None:
    request = chunked(b"2\r\n{}\r\n0\r\n\r\n", path=path).replace(b"Connection: close\r\n", b"")
    last = f"GET {paths.HEALTH} HTTP/1.1\r\nHost: [::]\r\nConnection: close\r\n\r\n".encode()
    with connect(web.port) as client:
        client.sendall(request.replace(b"{}", token.encode(), 1) + last)
        answers = final_answer(client)

    assert answers.count(b"\r\nConnection: keep-alive\r\n") == 1
    assert answers.count(b"HTTP/1.1 200") == 1


@pytest.mark.parametrize("extension", ["permessage-deflate", "x-unknown", "a;b=c, d", ""])
def test_extensions_that_can_be_read_are_no_obstacle(web: WebProcess, extension: str) -> None:
    with connect(web.port) as client:
        client.sendall(handshake(more=f"Sec-WebSocket-Extensions: {extension}\r\n"))

        assert client.recv(65536).startswith(b"HTTP/1.1 101")


@pytest.mark.parametrize("sent", [b"\x16\x03\x01\x02\x00\x01", b"GET / HTTP/1.1\n\n"])
def test_what_never_becomes_http_is_refused_at_once(
    web: WebProcess, worker_class: str, sent: bytes
) -> None:
    if worker_class == GEVENT:
        pytest.skip("greenlets wait for the rest of a line")
    with connect(web.port) as client:
        client.sendall(sent)

        assert final_answer(client).startswith(b"HTTP/1.1 400")
