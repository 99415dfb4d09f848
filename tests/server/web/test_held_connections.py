"""Many clients hold their connections open: others are answered all the same."""

from __future__ import annotations

import json
import shutil
import socket
from contextlib import ExitStack

import httpx
import pytest

from e2e.harness import wait_for
from fnt.wire import paths
from fnt.wire.results import Sentence
from fnt_server.monitoring.system_requirements import MIN_OPEN_FILES
from fnt_server.pipeline.stored_sentences import write_lines
from server.processes import Deployment, WebProcess
from server.sockets import BareSocket, handshake_status
from server.web.crowds import (
    ANSWERS_WITHIN_S,
    HELD,
    STOPS_WITHIN_S,
    connect,
    dribble,
    final_answer,
    get,
    health_s,
    held_clients,
    post,
    received,
    worst_s,
)

STALLED_AFTER_S = 2.0
CROWD = 300
"""More than the server has."""
ASKING = 448
FAULTS = pytest.mark.faults
"""One crowd of each kind is enough for every day."""
HOLD_S = 0.5


@pytest.fixture(scope="module")
def server_settings() -> dict[str, str]:
    """Few threads, so that small crowds are enough."""
    return {"FNT_MAX_SOCKETS": "1", "FNT_STALLED_AFTER_S": str(STALLED_AFTER_S)}


FORM = "application/x-www-form-urlencoded"


@pytest.mark.parametrize(
    "sent",
    [
        pytest.param(b"", id="silent"),
        pytest.param(get(paths.HEALTH) + b"G", id="after a request"),
        pytest.param(post(paths.LOGIN, length=1000) + b"{", id="login"),
        pytest.param(
            post(paths.UPLOAD, length=10**7, kind="multipart/form-data; boundary=x") + b"--x",
            id="upload",
        ),
        pytest.param(b"G", id="a byte", marks=FAULTS),
        pytest.param(b"GET / HTTP/1.1\r\n" + b"A: 1\r\n" * 90, id="many headers", marks=FAULTS),
        pytest.param(
            post("/device", length=1000, kind=FORM) + b"a", id="device form", marks=FAULTS
        ),
        pytest.param(
            post(paths.DEVICE_TOKEN, length=1000, kind=FORM) + b"a", id="token", marks=FAULTS
        ),
        pytest.param(
            post(paths.CONFIRM, length=1000, token="fnt_x") + b"{", id="confirm", marks=FAULTS
        ),
        pytest.param(post(paths.LOGIN, length=10**9) + b"{", id="too large", marks=FAULTS),
        pytest.param(
            f"GET {paths.HEALTH} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode(),
            id="unclosed",
            marks=FAULTS,
        ),
    ],
)
def test_a_crowd_that_sends_no_more(web: WebProcess, sent: bytes) -> None:
    with held_clients(web, CROWD, sent):
        assert worst_s(lambda: health_s(web), for_s=HOLD_S) < ANSWERS_WITHIN_S


@pytest.mark.parametrize(
    ("sent", "piece"),
    [
        pytest.param(b"G", b"E", id="head"),
        pytest.param(get(paths.HEALTH), b"G", id="kept alive", marks=FAULTS),
        pytest.param(post(paths.LOGIN, length=1000), b"{", id="body"),
        pytest.param(post(paths.LOGIN, length=10**6), b"{", id="too large", marks=FAULTS),
    ],
)
def test_a_crowd_that_dribbles(web: WebProcess, sent: bytes, piece: bytes) -> None:
    with held_clients(web, CROWD, sent) as clients, dribble(clients, piece):
        assert worst_s(lambda: health_s(web), for_s=STALLED_AFTER_S) < ANSWERS_WITHIN_S


@FAULTS
def test_a_crowd_from_everywhere_that_asks_all_the_time(web: WebProcess) -> None:
    with ExitStack() as stack:
        for number in range(ASKING):
            source = f"127.1.{number // 250}.{number % 250 + 1}"
            stack.enter_context(held_clients(web, 1, get("/device") * 100, source=source))
        assert worst_s(lambda: health_s(web), for_s=STALLED_AFTER_S) < ANSWERS_WITHIN_S


EXPECT = post(paths.CONFIRM, length=1000).replace(b"\r\n\r\n", b"\r\nExpect: 100-continue\r\n\r\n")


def test_a_crowd_from_everywhere_that_waits_to_be_told_to_send(web: WebProcess) -> None:
    with ExitStack() as stack:
        for number in range(250):
            source = f"127.1.0.{number + 1}"
            stack.enter_context(held_clients(web, 1, EXPECT, source=source))
        assert worst_s(lambda: health_s(web), for_s=HOLD_S) < ANSWERS_WITHIN_S


@pytest.mark.parametrize("is_in_parts", [False, True], ids=["at once", "in parts"])
def test_who_waits_to_be_told_is_told_once(web: WebProcess, is_in_parts: bool) -> None:
    with connect(web.port) as client:
        for _ in range(2):  # on one connection
            head = EXPECT.replace(b"1000", b"2")
            for part in (head[:30], head[30:]) if is_in_parts else (head,):
                client.sendall(part)
            assert client.recv(65536) == b"HTTP/1.1 100 Continue\r\n\r\n"
            client.sendall(b"{}")
            assert one_answer(client).startswith(b"HTTP/1.1 401")
        client.sendall(EXPECT.replace(b"1000", b"2") + b"{}")
        assert one_answer(client).startswith(b"HTTP/1.1 401")


def test_a_refused_upload_without_a_file_leaves_its_connection_open(web: WebProcess) -> None:
    with connect(web.port) as client:
        client.sendall(post(paths.UPLOAD, length=0))
        assert one_answer(client).startswith(b"HTTP/1.1 401")
        client.sendall(get(paths.HEALTH))
        assert client.recv(65536).startswith(b"HTTP/1.1 200")


def one_answer(client: socket.socket) -> bytes:
    received = b""
    while not received.endswith(b"}\n"):
        received += client.recv(65536) or b"}\n"
    return received


def test_bodies_of_one_byte_a_chunk_are_not_read_before_login(web: WebProcess) -> None:
    sent = post(paths.LOGIN, length=0).replace(b"Content-Length: 0", b"Transfer-Encoding: chunked")
    with (
        held_clients(web, CROWD, sent, source="127.0.0.3") as clients,
        dribble(clients, b"1\r\n{\r\n"),
    ):
        assert worst_s(lambda: health_s(web), for_s=HOLD_S) < ANSWERS_WITHIN_S
    with connect(web.port, source="127.0.0.4") as client:
        client.sendall(sent + b"1\r\n{\r\n")
        answer = final_answer(client)
    assert answer.startswith(b"HTTP/1.1 411")
    assert json.loads(answer.partition(b"\r\n\r\n")[2])["error_code"] == "BAD_REQUEST"


@pytest.mark.parametrize("path", ["/device", pytest.param(paths.HEALTH, marks=FAULTS)])
def test_a_crowd_that_asks_all_the_time(web: WebProcess, path: str) -> None:
    with held_clients(web, ASKING, get(path) * 100, source="127.0.0.3"):
        assert worst_s(lambda: health_s(web), for_s=STALLED_AFTER_S) < ANSWERS_WITHIN_S


@pytest.mark.parametrize(
    "path",
    [
        "/api/v1/openapi.json",
        pytest.param("/device", marks=FAULTS),
        pytest.param(paths.HEALTH, marks=FAULTS),
    ],
)
def test_a_crowd_that_reads_no_answer(web: WebProcess, path: str) -> None:
    with held_clients(web, CROWD, get(path) * 20, read_buffer=1024):
        assert worst_s(lambda: health_s(web), for_s=HOLD_S) < ANSWERS_WITHIN_S


def test_a_user_who_reads_no_result(deployment: Deployment, web: WebProcess) -> None:
    """Requests over the limit of a user are refused, and those within end in time."""
    user_id, token = deployment.add_user()
    job_id = finished_job(deployment, user_id)
    path = f"{paths.JOBS}/{job_id}/result"
    with web.client(token) as client:
        assert len(client.get(path).content) > 4_000_000
    request = get(path, token=token)
    with held_clients(web, CROWD, request, read_buffer=1024):
        assert worst_s(lambda: health_s(web), for_s=2 * STALLED_AFTER_S) < ANSWERS_WITHIN_S
        with web.client(token) as client:
            assert client.get(paths.ME).status_code == 200


def test_a_user_whose_results_are_not_read_is_answered(
    deployment: Deployment, web: WebProcess
) -> None:
    user_id, token = deployment.add_user()
    request = get(f"{paths.JOBS}/{finished_job(deployment, user_id)}/result", token=token)
    with (
        web.client(token) as client,
        held_clients(web, deployment.config.connections.max_requests_per_user, request,
                     read_buffer=1024),
    ):  # fmt: skip
        for _ in range(9):
            assert client.get(paths.ME).status_code == 200


def test_a_user_who_uploads_slowly(deployment: Deployment, web: WebProcess) -> None:
    _, token = deployment.add_user()
    _, neighbor = deployment.add_user()
    head = post(paths.UPLOAD, length=10**6, kind="multipart/form-data; boundary=x", token=token)
    with web.client(token) as client, held_clients(web, 64, head) as clients:
        is_full = lambda: any(b'"BUSY"' in received(client) for client in clients)  # noqa: E731
        with dribble(clients, b"-"):
            wait_for(is_full, within_s=10, what="one upload over the user's limit is refused")
            assert client.get(paths.ME).status_code == 200
    with held_clients(web, CROWD, head) as clients, dribble(clients, b"-"):
        with web.client(neighbor) as client:
            assert client.get(paths.ME).status_code == 200
        assert worst_s(lambda: health_s(web), for_s=HOLD_S) < ANSWERS_WITHIN_S


@pytest.mark.faults
def test_logins_from_many_networks(web: WebProcess) -> None:
    body = json.dumps({"email": "nobody@example.org", "password": "wrong password"}).encode()
    login = post(paths.LOGIN, length=len(body)) + body
    with ExitStack() as stack:
        guessers = [
            stack.enter_context(
                connect(web.port, source=f"127.1.{number // 250}.{number % 250 + 1}")
            )
            for number in range(CROWD)
        ]
        for client in guessers:
            client.sendall(login)
        assert worst_s(lambda: health_s(web), for_s=5) < ANSWERS_WITHIN_S


def test_who_is_too_slow_is_told(web: WebProcess) -> None:
    for sent in (b"GET / HTT", post(paths.LOGIN, length=10) + b"{"):
        with connect(web.port) as client:
            client.sendall(sent)
            answer = final_answer(client)

        assert answer.startswith(b"HTTP/1.1 408")
        assert json.loads(answer.partition(b"\r\n\r\n")[2])["error_code"] == "UPLOAD_TOO_SLOW"


@pytest.mark.skipif(shutil.which("prlimit") is None, reason="needs prlimit")
def test_where_few_files_may_be_open_a_crowd_leaves_some(deployment: Deployment) -> None:
    limits = ("prlimit", f"--nofile={MIN_OPEN_FILES}:{MIN_OPEN_FILES}")
    web = deployment.start_web(prefix=limits)

    with (
        held_clients(web, CROWD // 2, b"G"),
        held_clients(web, CROWD // 2, b"", source="127.0.0.3"),
    ):
        assert worst_s(lambda: health_s(web), for_s=HOLD_S) < ANSWERS_WITHIN_S

    assert "Too many open files" not in deployment.logs()


def test_a_stop_does_not_wait_for_what_does_not_arrive(deployment: Deployment) -> None:
    web = deployment.start_web(FNT_DRAIN_S="600", FNT_STALLED_AFTER_S="600")
    with ExitStack() as stack:
        for sent in HELD:
            stack.enter_context(held_clients(web, 3, sent))
        web.process.terminate()

        assert web.process.wait(within_s=STOPS_WITHIN_S) == 0


def test_a_stop_leaves_clients_what_was_answered(deployment: Deployment) -> None:
    web = deployment.start_web()
    with connect(web.port, read_buffer=1024) as client:
        client.sendall(get("/api/v1/openapi.json"))
        assert client.recv(4) == b"HTTP"
        web.process.terminate()
        assert web.process.wait(within_s=STOPS_WITHIN_S) == 0

        head, _, body = final_answer(client).partition(b"\r\n\r\n")

    assert f"\r\nContent-Length: {len(body)}\r\n".encode() in head


def test_clients_of_a_proxy_are_counted_by_their_own_addresses(deployment: Deployment) -> None:
    """By the connections to the proxy none is refused, and all of an IPv6 /64 are one."""
    web = deployment.start_web(FNT_PROXIES="1", FNT_MAX_UNAUTHENTICATED_PER_ADDRESS="1")

    def status(address: str) -> int:
        return handshake_status(web.port, header={"X-Forwarded-For": address})

    def hold(address: str) -> BareSocket:
        return BareSocket(web.port, header={"X-Forwarded-For": address})

    with held_clients(web, 2 * 128, b"G", source="127.0.0.1") as clients, ExitStack() as stack:
        for address in ("192.0.2.1", "2001:db8::1"):
            stack.callback(hold(address).close)

        assert [status(of) for of in ("192.0.2.1", "2001:db8::2")] == [503, 503]
        assert [status(of) for of in ("192.0.2.2", "2001:db8:0:1::1")] == [101, 101]
        clients[0].sendall(get(paths.HEALTH)[1:])
        assert clients[0].recv(65536).startswith(b"HTTP/1.1 200")


def test_many_connections_of_one_address_go_on_being_served(web: WebProcess) -> None:
    """As of many people behind one router: the oldest idle one goes, the newest is served."""
    with held_clients(web, 2 * 128, b"") as clients:
        clients[-1].sendall(get(paths.HEALTH))
        assert clients[-1].recv(65536).startswith(b"HTTP/1.1 200")
        with httpx.Client(transport=httpx.HTTPTransport(local_address="127.0.0.2")) as client:
            assert client.get(web.url + paths.HEALTH).status_code == 200


def finished_job(deployment: Deployment, user_id: int) -> int:
    """Add a job whose result is larger than what fits into the buffers of a connection."""
    job_id = deployment.add_job(user_id)
    text = "x" * 4000
    sentence = Sentence(text=text, words=1, source=text, page=1, chapter=None, engine="rules")
    key = f"results/{job_id}"
    deployment.storage.put(key, list(write_lines([sentence] * 1000)))
    with deployment.database.write() as session:
        job = session.get(type(deployment.job(job_id)), job_id)
        job.status, job.result_key = "completed", key
    return job_id
