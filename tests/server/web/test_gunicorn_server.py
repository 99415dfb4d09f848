"""Uploads over real HTTP: what a test client cannot send."""

from __future__ import annotations

import json
import signal
import socket
import time
from collections.abc import Iterator

import pytest

from e2e.harness import children_of, wait_for
from fnt.wire import paths
from server.api_client import BOUNDARY, LEAKS, PDF, form
from server.processes import Deployment, WebProcess
from server.services import BrokerProcess

MB = 1024 * 1024
STALLED_AFTER_S = 1.0


@pytest.fixture(scope="module")
def deployment(
    tmp_path_factory: pytest.TempPathFactory, broker_process: BrokerProcess
) -> Iterator[Deployment]:
    deployment = Deployment(
        tmp_path_factory.mktemp("deployment"),
        broker_url=broker_process.url,
        FNT_MAX_UPLOAD_MB="1",
        FNT_STALLED_AFTER_S=str(STALLED_AFTER_S),
    )
    yield deployment
    deployment.close()


@pytest.fixture(scope="module")
def web(deployment: Deployment) -> WebProcess:
    return deployment.start_web()


@pytest.mark.parametrize("under", [(), ("nohup",)], ids=["terminal", "nohup"])
def test_a_closed_terminal_stops_it_unless_under_nohup(
    deployment: Deployment, under: tuple[str, ...]
) -> None:
    """The whole group gets SIGHUP, twice; gunicorn would begin anew and stay, or leave at once."""
    web = deployment.start_web(prefix=under)
    [worker] = children_of(web.process.pid)

    web.process.signal(signal.SIGHUP)
    web.process.signal(signal.SIGHUP)

    if under:
        assert web.answers()
        assert children_of(web.process.pid) == [worker]
        web.process.terminate()
    assert web.process.wait(within_s=10) == 0


class Uploader:
    """A user with a job that waits for its file, speaking HTTP by hand."""

    def __init__(self, deployment: Deployment, web: WebProcess) -> None:
        _, self.token = deployment.add_user()
        self._house = deployment
        self.port = web.port
        with web.client(self.token) as client:
            answer = client.post(paths.CONFIRM, json={"original_filename": "roman.pdf"})
        self.job_id: int = answer.json()["job_id"]

    def connect(self) -> socket.socket:
        return socket.create_connection(("127.0.0.1", self.port), timeout=15)

    def head(self, **headers: str) -> bytes:
        lines = {
            "Host": "localhost",
            "Authorization": f"Bearer {self.token}",
            "Content-Type": f"multipart/form-data; boundary={BOUNDARY}",
            **{name.replace("_", "-"): value for name, value in headers.items()},
        }
        text = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
        return f"POST {paths.UPLOAD} HTTP/1.1\r\n{text}\r\n".encode()

    def stored(self) -> list[str]:
        """Return all files of the job, drafts as well."""
        folder = self._house.folder / "files" / "jobs" / str(self.job_id)
        return [path.name for path in folder.rglob("*") if path.is_file()]


@pytest.fixture
def ann(deployment: Deployment, web: WebProcess) -> Uploader:
    return Uploader(deployment, web)


def read_answer(connection: socket.socket) -> tuple[int, dict[str, object], bytes]:
    """Read one answer: status, body and the rest of the head."""
    received = b""
    while b"\r\n\r\n" not in received:
        piece = connection.recv(65536)
        assert piece, received
        received += piece
    head, _, body = received.partition(b"\r\n\r\n")
    length = next(
        int(line.split(b":")[1])
        for line in head.split(b"\r\n")
        if line.lower().startswith(b"content-length:")
    )
    while len(body) < length:
        body += connection.recv(65536)
    assert not LEAKS.search(body.decode())
    return int(head.split()[1]), json.loads(body), head


def chunked(content: bytes, size: int = 50_000) -> bytes:
    pieces = [content[start : start + size] for start in range(0, len(content), size)]
    return b"".join(b"%x\r\n%s\r\n" % (len(p), p) for p in pieces) + b"0\r\n\r\n"


def test_chunked_without_length_is_taken(ann: Uploader) -> None:
    with ann.connect() as connection:
        connection.sendall(ann.head(Transfer_Encoding="chunked") + chunked(form(ann.job_id)))
        status, body, _ = read_answer(connection)

    assert (status, body["job_id"]) == (202, ann.job_id)
    assert len(ann.stored()) == 1


def test_chunked_without_length_over_the_limit_is_refused(ann: Uploader) -> None:
    book = PDF + b"x" * (3 * MB)
    with ann.connect() as connection:
        connection.sendall(ann.head(Transfer_Encoding="chunked"))
        connection.sendall(chunked(form(ann.job_id, book)))
        status, body, _ = read_answer(connection)

    assert (status, body["error_code"]) == (413, "FILE_TOO_LARGE")
    assert ann.stored() == []


def test_a_length_over_the_limit_is_refused_before_the_body(ann: Uploader) -> None:
    with ann.connect() as connection:
        connection.sendall(ann.head(Content_Length=str(60 * MB)))
        status, body, _ = read_answer(connection)

    assert (status, body["error_code"]) == (413, "FILE_TOO_LARGE")


def test_a_body_shorter_than_its_length_is_refused(ann: Uploader) -> None:
    body = form(ann.job_id)
    with ann.connect() as connection:
        connection.sendall(ann.head(Content_Length=str(len(body) + 1000)) + body[:-200])
        connection.shutdown(socket.SHUT_WR)
        status, answer, _ = read_answer(connection)

    assert (status, answer["error_code"]) == (400, "BAD_REQUEST")
    assert ann.stored() == []


def test_a_client_that_goes_away_leaves_nothing(ann: Uploader) -> None:
    body = form(ann.job_id, PDF + b"x" * 900_000)
    with ann.connect() as connection:
        connection.sendall(ann.head(Content_Length=str(len(body))) + body[:500_000])

    wait_for(lambda: ann.stored() == [], within_s=5, what="the draft is gone")


@pytest.mark.parametrize("sent", [0, 60, 40_000], ids=["no body", "within the id", "within"])
def test_a_client_that_stalls_is_cut_off(ann: Uploader, sent: int) -> None:
    body = form(ann.job_id, PDF + b"x" * 900_000)
    with ann.connect() as connection:
        started = time.monotonic()
        connection.sendall(ann.head(Content_Length=str(len(body))) + body[:sent])
        status, answer, _ = read_answer(connection)
        took_s = time.monotonic() - started

    assert (status, answer["error_code"]) == (408, "UPLOAD_TOO_SLOW")
    assert STALLED_AFTER_S <= took_s < STALLED_AFTER_S + 2
    assert ann.stored() == []


def test_a_client_that_trickles_is_cut_off(ann: Uploader) -> None:
    body = form(ann.job_id, PDF + b"x" * 900_000)
    with ann.connect() as connection:
        connection.sendall(ann.head(Content_Length=str(len(body))))
        connection.settimeout(0.05)
        started, answer = time.monotonic(), b""
        for position in range(200):
            connection.send(body[position : position + 1])
            try:
                answer = connection.recv(65536)
                break
            except TimeoutError:
                continue

    assert b" 408 " in answer.partition(b"\r\n")[0]
    assert time.monotonic() - started < STALLED_AFTER_S + 3


@pytest.mark.parametrize("part", ["head", "body"])
def test_who_trickles_a_request_is_cut_off(ann: Uploader, web: WebProcess, part: str) -> None:
    """Else so many as there are threads would be enough, and nobody else is answered."""
    head = f"POST {paths.LOGIN} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
    if part == "body":
        head += "Content-Length: 1000\r\n\r\n{"
    with ann.connect() as connection:
        connection.sendall(head.encode())
        connection.settimeout(0.1)
        started = time.monotonic()
        while time.monotonic() - started < STALLED_AFTER_S + 5:
            try:
                connection.send(b"x")
                if not connection.recv(65536):
                    break
            except TimeoutError:
                continue
            except ConnectionError:
                break

    assert time.monotonic() - started < STALLED_AFTER_S + 3


@pytest.mark.parametrize("fault", ["no token", "unknown job", "no pdf", "not multipart"])
def test_a_refused_client_that_sends_on_can_read_why(ann: Uploader, fault: str) -> None:
    """The answer must not be lost to a reset while the client is still sending."""
    book = (b"no" if fault == "no pdf" else PDF) + b"x" * 900_000
    body = form(ann.job_id + 10_000 if fault == "unknown job" else ann.job_id, book)
    changes = {
        "no token": {"Authorization": "Bearer x"},
        "not multipart": {"Content-Type": "text/plain"},
    }
    head = ann.head(Content_Length=str(len(body)), **changes.get(fault, {}))
    expected = {"no token": 401, "unknown job": 404, "no pdf": 415, "not multipart": 400}
    with ann.connect() as connection:
        connection.sendall(head + body[:100_000])
        time.sleep(0.3)  # the server has answered and the client does not look yet
        connection.sendall(body[100_000:])

        assert read_answer(connection)[0] == expected[fault]
        assert connection.recv(1) == b""


def test_a_connection_lives_on_after_an_upload(ann: Uploader) -> None:
    """And the guard of one upload does not cut the request that follows."""
    body = form(ann.job_id, PDF + b"x" * 300_000)
    with ann.connect() as connection:
        for _ in range(2):
            connection.sendall(ann.head(Content_Length=str(len(body))) + body)
            assert read_answer(connection)[0] == 202
            time.sleep(STALLED_AFTER_S * 1.5)  # longer than any guard waits


def test_forwarded_headers_change_nothing(ann: Uploader, web: WebProcess) -> None:
    forged = {"X-Forwarded-For": "1.2.3.4", "X-Forwarded-Host": "evil", "X-Forwarded-Proto": "x"}
    with web.client(ann.token) as client:
        answer = client.get(paths.ME, headers=forged)

    assert answer.status_code == 200
    assert "evil" not in answer.text + str(answer.headers)


def test_the_access_log_holds_no_token(
    deployment: Deployment, ann: Uploader, web: WebProcess
) -> None:
    with web.client(ann.token) as client:
        client.get(paths.ME)

    assert f"method=GET path={paths.ME} status=200" in deployment.logs()
    assert ann.token not in deployment.logs()
