"""One patience for sending, watching and saving, with nginx stopped in between."""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from e2e.harness import ClientHome, RestClient, ServerProcess
from e2e.nginx import Nginx, nginx
from pdfs import make_pdf

MakeClient = Callable[[ServerProcess], tuple[ClientHome, RestClient]]


@pytest.fixture
def proxy(shared_server: ServerProcess, tmp_path: Path) -> Iterator[Nginx]:
    with nginx(tmp_path / "nginx", shared_server.url) as opened:
        yield opened


@pytest.fixture
def home(shared_server: ServerProcess, make_client: MakeClient, proxy: Nginx) -> ClientHome:
    _, rest = make_client(shared_server)
    reader = ClientHome(Path(proxy._command[2]).parent / "reader", proxy.url)
    reader.environ["FNT_TOKEN"] = rest.token
    (reader.folder / "a.pdf").write_bytes(make_pdf())
    return reader


def wait_for_line(running: subprocess.Popen[str], words: str) -> str:
    assert running.stderr
    for line in running.stderr:
        if words in line:
            return line
    raise AssertionError(f"ended with {running.wait()} without {words!r}")


@pytest.mark.parametrize(
    "args",
    [
        ["upload", "a.pdf", "--detach"],
        pytest.param(
            ["upload", "a.pdf", "--watch", "-o", "out", "--give-up", "0"], marks=pytest.mark.faults
        ),
        pytest.param(["batch", "run", ".", "-o", "out"], marks=pytest.mark.faults),
    ],
)
def test_sending_waits_for_a_proxy_that_restarts(
    home: ClientHome, proxy: Nginx, args: list[str]
) -> None:
    proxy.stop()
    running = home.start(*args)
    line = wait_for_line(running, "cannot reach")
    assert ("giving up in" in line) == ("0" not in args)

    proxy.start()

    _, rest_of_errors = running.communicate(timeout=60)
    assert running.returncode == 0, rest_of_errors


def test_saving_waits_for_a_proxy_that_restarts(home: ClientHome, proxy: Nginx) -> None:
    (job,) = home.json("upload", "a.pdf", "--watch", "--no-save")["jobs"]
    proxy.stop()
    running = home.start("download", str(job["job"]["id"]), "-o", "saved/")
    assert "giving up in " in wait_for_line(running, "cannot reach")

    proxy.start()

    running.communicate(timeout=60)
    assert running.returncode == 0
    assert list((home.folder / "saved").iterdir())


@pytest.mark.parametrize(
    "args",
    [
        ["upload", "a.pdf", "--detach"],
        pytest.param(["upload", "a.pdf", "--watch"], marks=pytest.mark.faults),
        pytest.param(["watch", "1"], marks=pytest.mark.faults),
        pytest.param(["watch", "@latest"], marks=pytest.mark.faults),
        pytest.param(["download", "1"], marks=pytest.mark.faults),
        pytest.param(["jobs", "retry", "1"], marks=pytest.mark.faults),
        pytest.param(["batch", "run", "."], marks=pytest.mark.faults),
    ],
)
def test_give_up_is_one_limit(home: ClientHome, proxy: Nginx, args: list[str]) -> None:
    proxy.stop()
    began_at = time.monotonic()

    done = home.run(*args, "--give-up", "2s")

    assert done.returncode == 5, done.stderr
    assert 1.5 < time.monotonic() - began_at < 60
    if args != ["watch", "1"]:  # it counts from its second attempt on, which may be too late
        assert "giving up in 0:0" in done.stderr


def test_the_countdown_is_an_event(home: ClientHome, proxy: Nginx) -> None:
    proxy.stop()

    done = home.run("upload", "a.pdf", "--watch", "--jsonl", "--give-up", "2s")

    events = [json.loads(line) for line in done.stdout.splitlines()]
    left = [event["give_up_in_s"] for event in events if event["type"] == "link.state"]
    assert any(seconds is not None and 0 < seconds <= 2 for seconds in left)
