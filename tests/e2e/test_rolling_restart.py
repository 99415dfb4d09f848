"""Two web processes and two workers behind nginx, all stopped and started one after the other."""

from __future__ import annotations

import json
import re
import signal
import socket
import ssl
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from e2e.balancer import balanced, find_nginx
from e2e.harness import PASSWORD, ClientHome, wait_for
from e2e.javascript_client import assert_all_saw_the_same, watching
from fnt.wire import paths
from fnt_server.auth import users
from fnt_server.cli.sample import story_pdf
from pdfs import make_pdf
from requirements import absent
from server.processes import Deployment, Process
from server.services import local_bucket, scaled_out
from server.sockets import BareSocket
from typeset import make_book

pytestmark = pytest.mark.faults

JOBS = 4
EMAIL = "device@example.org"
STOP_WITHIN_S = 10.5
WATCH_WITHIN_S = 90
SOCKETS = 120
SOCKETS_PER_USER = 20
PARALLEL = 20


@dataclass(slots=True, kw_only=True)
class Part:
    """One of the processes, and how it is started again."""

    command: tuple[str, ...]
    environ: dict[str, str]
    process: Process
    port: int | None = None


class Fleet:
    """All processes of a deployment, behind one URL."""

    def __init__(
        self, deployment: Deployment, folder: Path, *, nginx: str, stack: ExitStack
    ) -> None:
        self.deployment = deployment
        self.folder = folder
        with ExitStack() as sockets:
            taken = [sockets.enter_context(socket.create_server(("127.0.0.1", 0))) for _ in "1234"]
            first, second, port, plain = (s.getsockname()[1] for s in taken)
        self.parts = [
            self._start(("web", "--port", str(first)), {}, first),
            self._start(("web", "--port", str(second)), {"FNT_WORKER_CLASS": "gevent"}, second),
            self._start(("worker",), {}, None),
            self._start(("worker",), {}, None),
        ]
        for part in self.parts:
            self.wait_until_up(part)
        self.plain_url = f"http://127.0.0.1:{plain}"
        self.url = stack.enter_context(
            balanced(
                nginx, folder / "nginx", port=port, plain_port=plain, upstreams=[first, second]
            )
        )
        self.ca_file = folder / "nginx" / "fullchain.pem"
        _, self.token = deployment.add_user()

    def _start(self, command: tuple[str, ...], environ: dict[str, str], port: int | None) -> Part:
        process = self.deployment.start(*command, **environ)
        return Part(command=command, environ=environ, process=process, port=port)

    def wait_until_up(self, part: Part) -> None:
        if part.port is not None:
            wait_for(lambda: _answers(part.port), within_s=30, what=f"{part.command} answers")

    def restart(self, part: Part) -> None:
        """SIGTERM, the end, and a new one."""
        part.process.terminate()
        assert part.process.wait(within_s=STOP_WITHIN_S) in {0, -signal.SIGTERM}
        part.process = self._start(part.command, part.environ, part.port).process
        self.wait_until_up(part)

    def client(self) -> ClientHome:
        home = ClientHome(self.folder / "home", self.url)
        home.environ |= {"FNT_TOKEN": self.token, "SSL_CERT_FILE": str(self.ca_file)}
        return home

    def rest(self) -> httpx.Client:
        return httpx.Client(
            base_url=self.url,
            headers={"Authorization": f"Bearer {self.token}"},
            verify=ssl.create_default_context(cafile=str(self.ca_file)),
            timeout=20,
            trust_env=False,
        )


def _answers(port: int | None) -> bool:
    try:
        return httpx.get(f"http://127.0.0.1:{port}{paths.HEALTH}", timeout=2).status_code == 200
    except httpx.HTTPError:
        return False


@pytest.fixture(scope="module")
def fleet(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Fleet]:
    nginx = find_nginx()
    if nginx is None:
        absent("there is no nginx")
    folder = tmp_path_factory.mktemp("fleet")
    with ExitStack() as stack:
        settings = stack.enter_context(scaled_out())
        url, bucket = stack.enter_context(local_bucket())
        patch = stack.enter_context(pytest.MonkeyPatch.context())
        for name, value in bucket.items():
            patch.setenv(name, value)
        deployment = Deployment(
            folder / "data",
            **settings,
            FNT_STORAGE_URL=url,
            FNT_PROXIES="1",
            FNT_WORKERS="1",
            FNT_PACE_MS="2000",
            FNT_DEVICE_INTERVAL_S="1",
        )
        stack.callback(deployment.close)
        yield Fleet(deployment, folder, nginx=nginx, stack=stack)


def upload(rest: httpx.Client, book: bytes) -> int:
    job_id: int = rest.post(paths.CONFIRM, json={"original_filename": "n.pdf"}).json()["job_id"]
    sent = rest.post(paths.UPLOAD, data={"job_id": str(job_id)}, files={"pdf_file": ("n", book)})
    assert sent.status_code == 202, sent.text
    return job_id


def snapshots(output: str) -> list[dict[str, Any]]:
    return [found["job"] for found in map(json.loads, output.splitlines()) if found.get("job")]


def test_the_javascript_client_sees_every_step_through_the_balancer(
    javascript_packages: Path, fleet: Fleet
) -> None:
    """By any transport: each poll of a session reaches the same process."""
    with fleet.rest() as rest:
        answer = rest.post(paths.CONFIRM, json={"original_filename": "n.pdf"})
        job_id = answer.json()["job_id"]
        with watching(
            javascript_packages,
            fleet.url,
            token=fleet.token,
            job_id=job_id,
            ca_file=fleet.ca_file,
        ) as watchers:
            watchers.wait_until_joined()
            book = {"pdf_file": ("n", story_pdf().read_bytes())}
            sent = rest.post(paths.UPLOAD, data={"job_id": job_id}, files=book)
            assert sent.status_code == 202, sent.text
            heard = watchers.until_the_end()

    assert_all_saw_the_same(heard, processes=2)


def test_a_device_is_let_in_through_either_web_process(fleet: Fleet) -> None:
    """The page knows by which address it was reached, and no process needs the other's memory."""
    users.add_user(fleet.deployment.database, EMAIL, PASSWORD)
    home = fleet.client()
    del home.environ["FNT_TOKEN"]
    login = home.start("login", "--web", "--insecure-storage", "--json")
    assert login.stderr
    url, code = (login.stderr.readline().split()[-1] for _ in range(2))
    forms = [
        {"action": "sign_in", "email": EMAIL, "password": PASSWORD},
        {"action": "code", "code": code},
        {"action": "approve"},
    ]

    with fleet.rest() as browser:
        del browser.headers["Authorization"]
        page = browser.get(url)
        for form in forms:
            hidden = dict(re.findall(r'name="(csrf|device)" value="([^"]+)"', page.text))
            page = browser.post(
                url, data={**hidden, **form}, headers={"Origin": fleet.url}, follow_redirects=True
            )
            assert page.status_code == 200, page.text
        cookies = list(browser.cookies)
    out, err = login.communicate(timeout=20)

    assert url == f"{fleet.url}/device"
    assert login.returncode == 0, err
    assert json.loads(out)["login"]["email"] == EMAIL
    assert cookies == ["__Host-fnt-device"]


def test_nginx_passes_on_what_it_should(fleet: Fleet) -> None:
    with fleet.rest() as rest:
        assert rest.get(paths.ME, params={"secret": "x"}).status_code == 200
        assert rest.get("/metrics").status_code == 404
        big = rest.post(paths.UPLOAD, content=b"x" * (52 * 1024 * 1024))
        for number in range(11):
            forged = {"X-Forwarded-For": f"1.2.3.{number}"}
            body = {"email": "a@example.org", "password": "wrong"}
            login = rest.post(paths.LOGIN, json=body, headers=forged)
    plain = httpx.get(f"{fleet.plain_url}{paths.ME}", trust_env=False)

    assert big.status_code == 413
    assert login.status_code in {401, 429}  # each web process counts for itself
    assert plain.status_code == 308
    log = (fleet.folder / "nginx" / "fnt.log").read_text()
    assert f"GET {paths.ME} 200" in log
    assert "secret" not in log


def test_rolling_restart(javascript_packages: Path, fleet: Fleet, tmp_path: Path) -> None:
    make_book(96, tmp_path / "book.pdf")
    book, home = (tmp_path / "book.pdf").read_bytes(), fleet.client()
    with fleet.rest() as rest:
        undisturbed = upload(rest, book)
        expected = _result(rest, fleet, undisturbed)
        ids = [upload(rest, book) for _ in range(JOBS)]
        watches = [home.start("watch", str(i), "--no-save", "--jsonl") for i in ids]
        with watching(
            javascript_packages,
            fleet.url,
            token=fleet.token,
            job_id=ids[-1],
            ca_file=fleet.ca_file,
        ) as pages:
            pages.wait_until_joined()
            for part in fleet.parts:
                fleet.restart(part)
            heard = pages.until_the_end()
        ended = [_end(watch) for watch in watches]
        results = [_result(rest, fleet, job_id) for job_id in ids]
        small = upload(rest, make_pdf())  # those started again do their part
        assert _result(rest, fleet, small)

    assert results == [expected] * JOBS
    for name in pages.names:
        assert "end" in {line["event"] for line in heard[name]}, (name, heard[name])
    for status, output, errors in ended:
        assert status == 0, errors
        seen = snapshots(output)
        versions = [job["version"] for job in seen]
        assert versions == sorted(set(versions))
        assert seen[-1]["status"] == "completed"


def _end(watch: subprocess.Popen[str]) -> tuple[int, str, str]:
    output, errors = watch.communicate(timeout=WATCH_WITHIN_S)
    return watch.returncode, output, errors


def _result(rest: httpx.Client, fleet: Fleet, job_id: int) -> bytes:
    job = fleet.deployment.wait_for_job(
        job_id, lambda found: found.completed_at is not None, within_s=60, what="the job ends"
    )
    assert (job.status, job.error_code) == ("completed", None)
    answer = rest.get(paths.job(job_id, "result"))
    assert answer.status_code == 200
    return answer.content


def test_nginx_refuses_nobody_for_the_sockets_of_an_address(fleet: Fleet, tmp_path: Path) -> None:
    """As of many people behind one router, who watch and then send books in parallel."""
    port = httpx.URL(fleet.url).port
    with ExitStack() as stack:
        for number in range(SOCKETS):
            if number % SOCKETS_PER_USER == 0:
                _, token = fleet.deployment.add_user()
            tls = {"ca_certs": str(fleet.ca_file)}
            live = BareSocket(port, scheme="wss", address="localhost", sslopt=tls)
            stack.callback(live.close)
            assert live.connect({"token": token}).startswith("40{")
        for number in range(2 * PARALLEL):
            (tmp_path / f"{number}.pdf").write_bytes(make_pdf(text=f"Book {number} is short."))
        log = fleet.folder / "nginx" / "fnt.log"
        before = log.read_text()
        fleet.client().run_ok(
            "upload", "-r", str(tmp_path), "--parallel", str(PARALLEL), "--detach"
        )
        answers = log.read_text().removeprefix(before)

    assert answers.count(f"POST {paths.UPLOAD} 202") == 2 * PARALLEL
    assert " 429 " not in answers
