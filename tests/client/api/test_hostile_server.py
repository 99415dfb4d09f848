"""ApiClient against a server that means harm, or is broken: over a real connection."""

from __future__ import annotations

import gzip
import json
import socket
import time
import tracemalloc
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from builders import make_snapshot
from fnt.api import slow_server
from fnt.api.client import ApiClient
from fnt.api.retry import Retry
from fnt.errors import ExitCode, FntError, ProtocolError, TemporaryError
from hostile import HostileServer, answer_of, hostile

pytestmark = pytest.mark.timeout(60)

ONCE = Retry(tries=0)
MEBIBYTE = 1024 * 1024
Responder = Callable[[HostileServer, socket.socket, bytes], None]


@contextmanager
def api_of(answer: Responder | bytes) -> Iterator[ApiClient]:
    def same(_: HostileServer, connection: socket.socket, __: bytes) -> None:
        assert isinstance(answer, bytes)
        connection.sendall(answer)

    with (
        hostile(same if isinstance(answer, bytes) else answer) as server,
        ApiClient(server.url, auth=None, retry=ONCE) as api,
    ):
        yield api


def bomb(plain_bytes: int, *, layers: int = 1) -> bytes:
    """Zeros, compressed; each layer makes it about a thousand times smaller."""
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    packed = b"".join(packer.compress(bytes(MEBIBYTE)) for _ in range(plain_bytes // MEBIBYTE))
    packed += packer.flush()
    for _ in range(layers - 1):
        packed = gzip.compress(packed)
    return packed


@pytest.mark.slow
def test_a_gzip_bomb_ends_early_and_in_little_memory() -> None:
    answer = answer_of(bomb(256 * MEBIBYTE), "Content-Encoding: gzip")
    with api_of(answer) as api:
        tracemalloc.start()
        with pytest.raises(ProtocolError, match="too large"):
            api.me()
        peak_bytes = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()

    assert peak_bytes < 64 * MEBIBYTE


@pytest.mark.slow
def test_layers_of_compression_are_refused() -> None:
    answer = answer_of(bomb(64 * MEBIBYTE, layers=2), "Content-Encoding: gzip, gzip")
    with api_of(answer) as api, pytest.raises(ProtocolError, match="encoded"):
        api.me()


@pytest.mark.parametrize("cut", [slice(0, -4), slice(5, None), slice(0, 0)])
def test_damaged_compression_is_refused(cut: slice) -> None:
    body = gzip.compress(b'{"id": 1}')[cut]
    with api_of(answer_of(body, "Content-Encoding: gzip")) as api, pytest.raises(ProtocolError):
        api.me()


def test_compressed_answers_are_read() -> None:
    body = gzip.compress(b'{"id": ') + gzip.compress(b"1" * 100 + b"}")
    with api_of(answer_of(body, "Content-Encoding: gzip")) as api:
        assert api.probe_health().object() == {"id": int("1" * 100)}


@pytest.mark.slow
def test_a_result_has_a_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("fnt.api.client.MAX_RESULT_BYTES", MEBIBYTE)
    answer = answer_of(bomb(64 * MEBIBYTE), "Content-Encoding: gzip")
    received = 0
    with (
        api_of(answer) as api,
        pytest.raises(ProtocolError, match="too large"),
        api.iter_result(1, "txt") as pieces,
    ):
        for piece in pieces:
            received += len(piece)

    assert received <= MEBIBYTE


@pytest.mark.parametrize("part", ["head", "body", "result"])
def test_a_trickle_ends(part: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(slow_server, "SLOW_WINDOW_S", 0.5)

    def trickle(server: HostileServer, connection: socket.socket, _: bytes) -> None:
        head = b"HTTP/1.1 200 OK\r\n" if part == "head" else answer_of(b"", length=MEBIBYTE)
        connection.sendall(head)
        server.pour(connection, b"X: y\r\n" if part == "head" else b" ", pause_s=0.02)

    began = time.monotonic()
    with api_of(trickle) as api, pytest.raises(TemporaryError) as caught:
        if part == "result":
            with api.iter_result(1, "txt") as pieces:
                list(pieces)
        else:
            api.me()

    assert caught.value.code == "TIMEOUT"
    assert time.monotonic() - began < 15


def test_an_endless_head_ends() -> None:
    def answer(server: HostileServer, connection: socket.socket, _: bytes) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\nX: ")
        server.pour(connection, b"y" * 4096)

    with api_of(answer) as api, pytest.raises(FntError):
        api.me()


def pages(make_page: Callable[[int], dict[str, object]]) -> Responder:
    """Responder each request with the next page."""
    asked = iter(range(10**9))

    def answer(_: HostileServer, connection: socket.socket, __: bytes) -> None:
        body = json.dumps(make_page(next(asked))).encode()
        connection.sendall(answer_of(body, "Content-Type: application/json"))

    return answer


@pytest.mark.parametrize(
    "make_page",
    [
        lambda number: {"jobs": [], "next_cursor": f"c{number}"},
        lambda number: {"jobs": [make_snapshot().to_wire()], "next_cursor": f"c{number}"},
        lambda number: {"jobs": [make_snapshot(id=number + 1).to_wire()], "next_cursor": "same"},
    ],
    ids=["empty pages", "the same job", "the same cursor"],
)
def test_an_endless_list_ends(make_page: Callable[[int], dict[str, object]]) -> None:
    with api_of(pages(make_page)) as api, pytest.raises(ProtocolError, match="list"):
        list(api.list_jobs(limit=None))


@pytest.mark.parametrize(
    "body",
    [
        b"", b"[]", b"null", b"7", b'"x"', b"{", b"[" * 100_000, b"\xff", b'{"jobs": 7}',
        b'{"jobs": [7]}', b'{"jobs": [{}]}', b'{"a": ' + b"1" * 5000 + b"}",
        b"<html>welcome to this network</html>",
    ],
)  # fmt: skip
def test_the_wrong_shape_has_an_exit_code_of_its_own(body: bytes) -> None:
    with api_of(answer_of(body)) as api, pytest.raises(FntError) as caught:
        list(api.list_jobs())

    assert caught.value.exit_code is ExitCode.PROTOCOL


@pytest.mark.parametrize("seconds", ["1e400", "1" + "0" * 400, "NaN", "-1", "true", "1e12"])
def test_a_token_lifetime_that_is_none(seconds: str) -> None:
    body = f'{{"access_token": "a", "refresh_token": "r", "expires_in": {seconds}}}'
    with api_of(answer_of(body.encode())) as api, pytest.raises(ProtocolError):
        api.login("a@b.fr", "secret")


@pytest.mark.parametrize("when", ["Mon, 01 Jan 0001 00:00:00 +2359", "x" * 5000, "9" * 400, "٣"])
def test_a_retry_after_that_is_none(when: str) -> None:
    answer = answer_of(b"", f"Retry-After: {when}", status="503 Service Unavailable")
    with api_of(answer) as api, pytest.raises(TemporaryError):
        api.me()


SLOW = pytest.param("100 X", marks=pytest.mark.faults)


@pytest.mark.slow
@pytest.mark.parametrize("status", ["304 Not Modified", "302 Found", "418 X", SLOW, "600 X"])
def test_a_status_that_nobody_expects_is_no_bug_of_ours(status: str) -> None:
    with api_of(answer_of(b"", status=status)) as api, pytest.raises(FntError) as caught:
        api.get_job(1)

    assert caught.value.exit_code in (ExitCode.PROTOCOL, ExitCode.TEMPORARY)


def test_a_403_that_no_server_of_ours_wrote_is_a_proxys() -> None:
    with api_of(answer_of(b"", status="403 Forbidden")) as api, pytest.raises(FntError) as caught:
        api.get_job(1)

    assert caught.value.exit_code is ExitCode.USAGE
    assert "a proxy refused the request" in caught.value.message
