"""A worker of the previous release goes on while everything around it is already this one."""

from __future__ import annotations

import contextlib
import socket
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from compat.leftovers import unpack
from compat.processes import Client, Process, Release, Rest, Server, log_in, running, wait_for
from server.services import private_redis

pytestmark = pytest.mark.faults

EMAIL, PASSWORD = "reader@example.org", "correct horse battery"


@pytest.fixture
def broker_url() -> Iterator[str]:
    with private_redis() as url:
        yield url


def free_port() -> int:
    with contextlib.closing(socket.create_server(("127.0.0.1", 0))) as listener:
        port: int = listener.getsockname()[1]
        return port


def test_a_previous_worker_serves_this_web_and_hands_over_to_this_worker(
    previous: Release, current: Release, broker_url: str, tmp_path: Path
) -> None:
    environ = {"FNT_BROKER_URL": broker_url, "FNT_DATA_DIR": str(tmp_path / "data"),
               "FNT_PACE_MS": "400", "FNT_WORKERS": "1", "FNT_DRAIN_S": "1"}  # fmt: skip
    before = Server(release=previous, data_dir=tmp_path / "data", environ=environ)
    before.command("migrate")
    before.add_user(EMAIL, PASSWORD)
    old = Process(command=previous.fnt_server("worker"), log=tmp_path / "old.log", environ=environ)
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    web = Process(
        command=current.fnt_server("web", "--port", str(port)),
        log=tmp_path / "web.log",
        environ=environ,
    )
    unpack("home.tar.xz", tmp_path)
    book = tmp_path / "home/library/books/livre-01.pdf"

    with running(old):
        # A worker looks at the schema once, when it starts: a newer one would turn it away.
        wait_for(lambda: workers(tmp_path / "data"), within_s=30, what="it is at work")
        Server(release=current, data_dir=tmp_path / "data", environ=environ).command("migrate")
        with running(web):
            wait_for(lambda: is_well(url), within_s=30, what="web and worker are well")
            client = Client.at(current, tmp_path / "client", url=url).log_in(EMAIL, PASSWORD)
            document = client.json("upload", str(book), "--watch", "-f", "txt")
            assert document["jobs"][0]["job"]["status"] == "completed"

            with Rest(url, token=log_in(url, EMAIL, PASSWORD)) as rest:
                ids = [rest.send(book.read_bytes(), name=f"{n}.pdf") for n in range(4)]
                wait_for(lambda: rest.job(ids[0])["status"] == "processing", within_s=10,
                         what="the previous worker is at work")  # fmt: skip
                new = Process(
                    command=current.fnt_server("worker"), log=tmp_path / "new.log", environ=environ
                )
                with running(new):
                    old.stop()
                    assert {rest.ended(job_id)["status"] for job_id in ids} == {"completed"}


def workers(data_dir: Path) -> int:
    """Count the workers that have told the database that they live."""
    with contextlib.closing(sqlite3.connect(data_dir / "fnt.db")) as database:
        count: int = database.execute("SELECT count(*) FROM workers").fetchone()[0]
        return count


def is_well(url: str) -> bool:
    with contextlib.suppress(httpx.HTTPError):
        return bool(httpx.get(f"{url}/api/v1/health").json()["status"] == "ok")
    return False
