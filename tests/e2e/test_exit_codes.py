"""Each exit code of a real run, and what scripts read beside it."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from e2e.harness import ClientHome, RestClient, ServerProcess, running
from pdfs import make_pdf
from schemas import read_document, read_events


@pytest.fixture(scope="module")
def slow_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    """A server whose good jobs last for longer than these tests; bad ones fail at once."""
    folder = tmp_path_factory.mktemp("slow") / "data"
    with running(ServerProcess(folder, FNT_PACE_MS="60000", FNT_WORKERS="8")) as server:
        yield server


@pytest.fixture(scope="module")
def home(
    slow_server: ServerProcess, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[ClientHome, RestClient]]:
    slow_server.add_user("codes@example.org")
    folder = tmp_path_factory.mktemp("codes")
    (folder / "good.pdf").write_bytes(make_pdf())
    (folder / "bad.pdf").write_bytes(b"%PDF-1.7\n" + b"\xff" * 500)
    (folder / "not.pdf").write_bytes(b"a text")
    home = ClientHome(folder, slow_server.url).login("codes@example.org")
    rest = RestClient(slow_server.url, "codes@example.org")
    yield home, rest
    rest.close()


class OddServer(BaseHTTPRequestHandler):
    """Answers what no contract has."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Length", "7")
        self.end_headers()
        self.wfile.write(b"[1,\x1b2]\n")

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture(scope="module")
def odd_url() -> Iterator[str]:
    with HTTPServer(("127.0.0.1", 0), OddServer) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def nowhere() -> str:
    """Return the URL of a port on which nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return f"http://127.0.0.1:{listener.getsockname()[1]}"


CASES = {
    0: ("upload", "good.pdf", "--detach"),
    1: ("whoami",),  # at the odd server
    2: ("jobs", "show", "twelve"),
    3: ("jobs", "show", "999999"),
    4: ("jobs", "list"),  # with a token nobody knows
    5: (
        "login",
        "--email",
        "a@b.c",
        "--password-stdin",
        "--insecure-storage",
    ),  # where nobody listens
    6: ("upload", "good.pdf", "not.pdf", "--detach"),
    7: ("upload", "bad.pdf", "--watch", "--no-save"),
    8: ("upload", "good.pdf", "--watch", "--no-save", "--timeout", "0.5s"),
    10: ("upload", "not.pdf", "--watch", "--no-save"),
}


@pytest.mark.parametrize("mode", ["--json", "--jsonl"])
@pytest.mark.parametrize("code", list(CASES))
def test_exit_code(home: tuple[ClientHome, RestClient], odd_url: str, code: int, mode: str) -> None:
    client = home[0].at({1: odd_url, 5: nowhere()}.get(code, home[0].environ["FNT_SERVER"]))
    if code in (1, 4):
        client.environ["FNT_TOKEN"] = "fnt_nobody"

    done = client.run(*CASES[code], mode, stdin="secret\n")

    assert done.returncode == code, done.stderr
    assert "Traceback" not in done.stderr
    if mode == "--json":
        document = read_document(done.stdout)
        assert (document["exit_code"], document["command"].split()[0]) == (code, CASES[code][0])
    else:
        assert read_events(done.stdout)[-1]["exit_code"] == code


@pytest.mark.parametrize("mode", ["--json", "--jsonl"])
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_signals(home: tuple[ClientHome, RestClient], number: signal.Signals, mode: str) -> None:
    client, rest = home
    job_id = rest.submit(make_pdf())
    process = client.start("watch", str(job_id), "--no-save", mode)
    assert process.stderr
    assert process.stdout
    seen = process.stdout if mode == "--jsonl" else process.stderr
    first = ""
    while "job" not in first.rpartition('"type"')[2]:  # it has heard of the job
        line = seen.readline()
        assert line
        first += line

    process.send_signal(number)

    code = 128 + number
    assert process.wait(timeout=10) == code
    with process.stdout, process.stderr:  # what readline had taken along too
        out, err = process.stdout.read(), process.stderr.read()
    assert f"fnt watch {job_id}" in err
    if mode == "--json":
        assert read_document(out)["exit_code"] == code
    else:
        assert read_events(first + out)[-1]["exit_code"] == code


@pytest.mark.parametrize(
    "args", [("jobs", "list", "--json"), ("--help",), ("--version",), ("help", "events")]
)
def test_closed_stdout_ends_silently(home: tuple[ClientHome, RestClient], args: list[str]) -> None:
    client = home[0]
    reading, writing = os.pipe()
    os.close(reading)
    try:
        done = subprocess.run(
            [sys.executable, "-m", "fnt", *args],
            env=client.environ, cwd=client.folder, stdout=writing, stderr=subprocess.PIPE,
            text=True, timeout=30, check=False,
        )  # fmt: skip
    finally:
        os.close(writing)

    assert (done.returncode, done.stderr) == (141, "")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="only Linux has /dev/full")
@pytest.mark.parametrize("args", [("--help",), ("--version",), ("jobs", "list", "--json")])
def test_full_disk_is_one_line(home: tuple[ClientHome, RestClient], args: list[str]) -> None:
    client = home[0]
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "fnt", *args],
            env=client.environ, cwd=client.folder, stdout=full, stderr=subprocess.PIPE,
            text=True, timeout=30, check=False,
        )  # fmt: skip

    assert done.returncode == 1
    assert done.stderr.startswith("error: cannot write the result")
    assert done.stderr.count("\n") == 1


def test_a_group_alone_is_a_usage_error_for_scripts(home: tuple[ClientHome, RestClient]) -> None:
    done = home[0].run("--json", "jobs")

    assert done.returncode == 2
    assert read_document(done.stdout)["error"]["code"] == "USAGE"


@pytest.mark.parametrize("after_s", [0.0, 0.02, 0.04, 0.06, 0.1])
def test_an_early_interrupt_shows_no_traceback(
    home: tuple[ClientHome, RestClient], after_s: float
) -> None:
    process = home[0].start("jobs", "list")
    threading.Event().wait(after_s)  # the haste itself

    process.send_signal(signal.SIGINT)

    _, err = process.communicate(timeout=10)
    assert process.returncode in (130, -signal.SIGINT), err
    assert "fnt" not in err  # the first 20 ms are Python's own, not ours
