"""`fnt-server web --worker-class gevent`: greenlets in place of threads, nothing else different."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from e2e.harness import ServerProcess, clean_environ, command_line, descendants, running
from fnt.wire import paths
from fnt_server import concurrency
from fnt_server.web.app import PING_EVERY_S, PING_TIMEOUT_S
from pdfs import make_pdf
from server.processes import Deployment, WebProcess
from server.services import private_schema, scaled_out
from server.sockets import BareSocket, Listener
from server.web.crowds import (
    ANSWERS_WITHIN_S,
    HELD,
    HELD_IDS,
    STOPS_WITHIN_S,
    dribble,
    health_s,
    held_clients,
    worst_s,
)

pytestmark = pytest.mark.faults

SOCKETS = 30
CROWD = 300


@pytest.fixture(scope="module")
def deployment(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployment]:
    with scaled_out() as settings:
        deployment = Deployment(
            tmp_path_factory.mktemp("deployment"), **settings, FNT_MAX_SOCKETS_PER_USER="50"
        )
        yield deployment
        deployment.close()


@pytest.fixture(scope="module")
def web(deployment: Deployment) -> WebProcess:
    return deployment.start_web(FNT_WORKER_CLASS="gevent")


def threads_of(pid: int) -> int:
    status = Path(f"/proc/{pid}/status").read_text()
    return int(status.split("Threads:")[1].split()[0])


def test_sqlite_is_refused_in_one_line(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "fnt_server", "web", "--worker-class", "gevent"],
        env=clean_environ(FNT_DATA_DIR=str(tmp_path), FNT_BROKER_URL="redis://127.0.0.1:1/0"),
        capture_output=True, text=True, timeout=30, check=False,
    )  # fmt: skip

    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
    assert "DATABASE_URL=postgresql://" in done.stderr


@pytest.mark.parametrize(
    ("arguments", "environ", "asked"),
    [
        (["web", "--worker-class", "gevent"], {}, True),
        (["web", "--port", "1", "--worker-class=gevent"], {}, True),
        (["web"], {"FNT_WORKER_CLASS": "gevent"}, True),
        (["web", "--worker-class", "threads"], {"FNT_WORKER_CLASS": "gevent"}, False),
        (["web"], {}, False),
        (["web", "--worker-class"], {}, False),
        (["worker"], {"FNT_WORKER_CLASS": "gevent"}, False),
        ([], {"FNT_WORKER_CLASS": "gevent"}, False),
    ],
)
def test_when_greenlets_are_asked_for(
    arguments: list[str], environ: dict[str, str], asked: bool
) -> None:
    assert concurrency.gevent_requested(arguments, environ) is asked


def test_a_job_through_greenlets(deployment: Deployment, web: WebProcess) -> None:
    """Log in, upload over several parts, download; sockets cost no threads."""
    pair, book = deployment.log_in(), make_pdf() + b"%" * 6_000_000
    listeners = [Listener(web.url).connect(pair.access_token) for _ in range(SOCKETS)]
    with web.client(pair.access_token) as client:
        job = client.post(paths.CONFIRM, json={"original_filename": "a.pdf"}).json()
        before = max(map(threads_of, [web.process.pid, *descendants(web.process.pid)]))
        sent = client.post(
            paths.UPLOAD,
            data={"job_id": str(job["job_id"])},
            files={"pdf_file": ("a.pdf", book)},
        )
        assert sent.status_code == 202, sent.text
        deployment.start_worker()
        ended = deployment.wait_for_job(
            job["job_id"], lambda j: j.completed_at is not None, within_s=30, what="the job ends"
        )
        result = client.get(f"{paths.JOBS}/{job['job_id']}/result", params={"format": "txt"})
    for listener in listeners:
        listener.disconnect()

    assert (ended.status, ended.file_size) == ("completed", len(book))
    assert result.status_code == 200
    assert result.text
    assert before < SOCKETS


def test_a_login_does_not_hold_up_the_others(deployment: Deployment, web: WebProcess) -> None:
    """A wrong password is refused as on threads: hashing runs in a native thread."""
    deployment.log_in()
    body = {"email": f"login{deployment._users}@example.org", "password": "wrong horse"}

    assert httpx.post(web.url + paths.LOGIN, json=body).status_code == 401
    assert httpx.post(web.url + paths.LOGIN, json={**body, "password": "correct horse"}).is_success
    assert "Traceback" not in deployment.logs()


def test_who_answers_no_ping_is_hung_up_on(deployment: Deployment, web: WebProcess) -> None:
    """Also a client that reads nothing, whose buffers are full of answers."""
    user_id, token = deployment.add_user()
    join = json.dumps(["join_job", {"job_id": deployment.add_job(user_id)}])
    small = [(socket.SOL_SOCKET, socket.SO_RCVBUF, 1024)]
    silent, deaf = BareSocket(web.port), BareSocket(web.port, sockopt=small)
    for bare in (silent, deaf):
        bare.connect({"token": token})
    for number in range(200):
        deaf.send(f"42{number}{join}")

    for bare in (silent, deaf):
        assert bare.is_hung_up(within_s=PING_EVERY_S + PING_TIMEOUT_S + 5)
        bare.close()


@pytest.mark.parametrize("sent", HELD, ids=HELD_IDS)
def test_a_crowd_that_sends_no_more(web: WebProcess, sent: bytes) -> None:
    with held_clients(web, CROWD, sent) as clients, dribble(clients[: CROWD // 2], sent[-1:]):
        assert worst_s(lambda: health_s(web), for_s=1.0) < ANSWERS_WITHIN_S


def test_a_stop_does_not_wait_for_what_does_not_arrive(deployment: Deployment) -> None:
    web = deployment.start_web(
        FNT_WORKER_CLASS="gevent", FNT_DRAIN_S="600", FNT_STALLED_AFTER_S="600"
    )
    with held_clients(web, 3, HELD[0]), held_clients(web, 3, HELD[1]):
        web.process.terminate()

        assert web.process.wait(within_s=STOPS_WITHIN_S) == 0


def test_run_starts_web_with_gevent_anew(tmp_path: Path) -> None:
    """A fork would hold modules that were imported before the patch."""
    with private_schema() as url:
        environ = {"DATABASE_URL": url, "FNT_WORKER_CLASS": "gevent", "FNT_METRICS_PORT": "0"}
        with running(ServerProcess(tmp_path, **environ)) as server:
            assert httpx.get(f"{server.url}/api/v1/health").json()["status"] == "ok"
            commands = [command_line(pid) for pid in server.descendants()]

    assert [command for command in commands if "fnt_server\0web\0--fd" in command]
    assert ", gevent, up to" in server.log.read_text()
