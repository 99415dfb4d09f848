"""Each exit code of a real run, and what scripts read beside it."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from e2e.harness import ClientHome, RestClient, ServerProcess, running, wait_for
from fnt.wire.job_status import JobStatus
from pdfs import make_pdf, write_large_pdf
from schemas import read_document, read_events


@pytest.fixture(scope="module")
def slow_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    """A server whose good jobs last for longer than these tests; bad ones fail at once."""
    folder = tmp_path_factory.mktemp("slow") / "data"
    with running(ServerProcess(folder, FNT_PACE_MS="60000", FNT_WORKERS="5")) as server:
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


@pytest.fixture
def nowhere() -> Iterator[str]:
    """The URL of a port on which nobody listens, nor can another test meanwhile."""
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        yield f"http://127.0.0.1:{bound.getsockname()[1]}"


def read_until(process: subprocess.Popen[str], mode: str, mark: str) -> str:
    """Read what the run tells as it goes, until it has told of something; returns all of it."""
    seen = process.stdout if mode == "--jsonl" else process.stderr
    assert seen
    text = ""
    while mark not in text:
        line = seen.readline()
        assert line, text
        text += line
    return text


def rest_of(process: subprocess.Popen[str]) -> tuple[str, str]:
    """Return what stdout and stderr still hold, with what readline had taken along."""
    assert process.stdout
    assert process.stderr
    with process.stdout, process.stderr:
        return process.stdout.read(), process.stderr.read()


def assert_ended(mode: str, out: str, code: int) -> None:
    """Hold what scripts read to its schema and to the exit code."""
    ended = read_document(out) if mode == "--json" else read_events(out)[-1]
    assert ended["exit_code"] == code


CASES = {
    0: ("upload", "good.pdf", "--detach"),
    12: ("whoami",),  # at the odd server
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
    8: ("upload", "good.pdf", "--watch", "--no-save", "--timeout", "2s"),
    10: ("upload", "not.pdf", "--watch", "--no-save"),
}


@pytest.fixture(scope="module", autouse=True)
def slow_watch(home: tuple[ClientHome, RestClient]) -> Iterator[tuple[float, Path]]:
    """A watch in a pipe of a job in which nothing happens, begun before all tests here."""
    client, rest = home
    job_id = rest.submit(make_pdf())
    rest.wait_until(job_id, lambda job: job["progress_percent"] == 15)  # for a minute from here on
    said = client.folder / "slow.log"
    with said.open("w") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "fnt", "watch", str(job_id), "--no-save"],
            env=client.environ, cwd=client.folder, stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL, stderr=log,
        )  # fmt: skip
    yield time.monotonic(), said
    process.terminate()
    process.wait(10)


@pytest.fixture
def _freed(home: tuple[ClientHome, RestClient]) -> Iterator[None]:
    """Give back the slots of the jobs that the test has left behind."""
    rest = home[1]
    before = {job["id"] for job in rest.get("/jobs").json()["jobs"]}
    yield
    for job in rest.get("/jobs").json()["jobs"]:
        if job["id"] not in before and not JobStatus(job["status"]).is_terminal:
            rest.post(f"/jobs/{job['id']}/cancel")
            # The next test may send the same line, which goes on with what has not ended.
            rest.wait_until(job["id"], lambda now: JobStatus(now["status"]).is_terminal)


@pytest.mark.usefixtures("_freed")
@pytest.mark.parametrize("mode", ["--json", pytest.param("--jsonl", marks=pytest.mark.faults)])
@pytest.mark.parametrize("code", list(CASES))
def test_exit_code(
    home: tuple[ClientHome, RestClient], odd_url: str, nowhere: str, code: int, mode: str
) -> None:
    client = home[0].at({12: odd_url, 5: nowhere}.get(code, home[0].environ["FNT_SERVER"]))
    if code in (4, 12):
        client.environ["FNT_TOKEN"] = "fnt_nobody"

    done = client.run(*CASES[code], mode, stdin="secret\n")

    assert done.returncode == code, done.stderr
    assert "Traceback" not in done.stderr
    if mode == "--json":
        document = read_document(done.stdout)
        assert (document["exit_code"], document["command"].split()[0]) == (code, CASES[code][0])
    else:
        assert read_events(done.stdout)[-1]["exit_code"] == code


@pytest.mark.usefixtures("_freed")
@pytest.mark.parametrize("mode", ["--json", "--jsonl"])
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_signals(home: tuple[ClientHome, RestClient], number: signal.Signals, mode: str) -> None:
    client, rest = home
    job_id = rest.submit(make_pdf())
    process = client.start("watch", str(job_id), "--no-save", mode)
    first = read_until(process, mode, '"job.progress"' if mode == "--jsonl" else "job")

    process.send_signal(number)

    code = 128 + number
    assert process.wait(timeout=10) == code
    out, err = rest_of(process)
    assert f"fnt watch {job_id}" in err
    assert_ended(mode, first + out if mode == "--jsonl" else out, code)


PRIORITY: dict[str, tuple[int, tuple[str, ...]]] = {
    "4 before 10": (4, ("upload", "not.pdf", "good.pdf", "--detach")),  # with a bad token
    "8 before 6": (8, ("upload", "good.pdf", "not.pdf", "bad.pdf", "--watch", "--timeout", "4s")),
    "7 before 10": (7, ("upload", "bad.pdf", "not.pdf", "--watch")),
    "3 before 10": (3, ("upload", "none.pdf", "not.pdf", "--detach")),
    # where nobody listens
    "10 before 5": (10, ("upload", "not.pdf", "good.pdf", "--detach", "--give-up", "1s")),
}


@pytest.mark.usefixtures("_freed")
@pytest.mark.parametrize("mode", ["--json", pytest.param("--jsonl", marks=pytest.mark.faults)])
@pytest.mark.parametrize("case", list(PRIORITY))
def test_the_worst_outcome_is_told(
    home: tuple[ClientHome, RestClient], nowhere: str, case: str, mode: str
) -> None:
    code, args = PRIORITY[case]
    client = home[0].at(nowhere if code == 10 else home[0].environ["FNT_SERVER"])
    if code in (4, 10):
        client.environ["FNT_TOKEN"] = "fnt_nobody"

    done = client.run(*args, "--no-save" if "--watch" in args else "--detach", mode)

    assert done.returncode == code, done.stderr
    assert_ended(mode, done.stdout, code)


@pytest.mark.usefixtures("_freed")
@pytest.mark.parametrize("mode", ["--json", "--jsonl"])
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_goes_before_all_else(
    home: tuple[ClientHome, RestClient], number: signal.Signals, mode: str
) -> None:
    args = ("upload", "not.pdf", "bad.pdf", "good.pdf", "--watch", "--no-save", "--timeout", "60s")
    process = home[0].start(*args, mode)
    first = read_until(process, mode, '"job.ended"' if mode == "--jsonl" else "PDF_DAMAGED")

    process.send_signal(number)

    code = 128 + number
    assert process.wait(timeout=15) == code
    out, _ = rest_of(process)
    assert_ended(mode, first + out if mode == "--jsonl" else out, code)


@pytest.mark.parametrize(
    ("number", "mode"),
    [
        (signal.SIGINT, "--json"),
        (signal.SIGTERM, "--jsonl"),
        pytest.param(signal.SIGINT, "--jsonl", marks=pytest.mark.faults),
        pytest.param(signal.SIGTERM, "--json", marks=pytest.mark.faults),
    ],
)
@pytest.mark.parametrize(
    "args", [("jobs", "list"), ("whoami",), ("doctor",), ("upload", "good.pdf")]
)
def test_signals_where_a_server_is_silent(
    tmp_path: Path, args: tuple[str, ...], number: signal.Signals, mode: str
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        client = ClientHome(tmp_path, f"http://127.0.0.1:{silent.getsockname()[1]}")
        client.environ["FNT_TOKEN"] = "fnt_nobody"
        (tmp_path / "good.pdf").write_bytes(make_pdf())
        process = client.start(*args, mode)
        silent.settimeout(20)
        first = silent.accept()[0]
        second = silent.accept()[0] if args == ("doctor",) else first  # after its look at TCP
        process.send_signal(number)
        out, err = process.communicate(timeout=10)
        first.close()
        second.close()

    assert process.returncode == 128 + number, err
    assert "Traceback" not in err
    assert_ended(mode, out, 128 + number)


@pytest.mark.parametrize(
    "args",
    [
        ("jobs", "list", "--json"),
        ("jobs", "list", "--jsonl"),
        ("upload", "good.pdf", "--detach", "--json"),
        ("upload", "good.pdf", "--detach", "--jsonl"),
        ("doctor", "--json"),
        ("doctor",),
        ("--help",),
        ("--version",),
        ("help", "events"),
    ],
)
@pytest.mark.parametrize("is_pipe", [True, pytest.param(False, marks=pytest.mark.faults)])
def test_closed_stdout_ends_silently(
    home: tuple[ClientHome, RestClient], args: tuple[str, ...], is_pipe: bool
) -> None:
    assert_silent_where_nobody_reads(home[0], args, is_pipe=is_pipe)


@pytest.mark.parametrize("args", [("jobs", "list", "--json"), ("--help",)])
def test_stdout_that_was_closed_before_ends_silently(
    home: tuple[ClientHome, RestClient], args: tuple[str, ...]
) -> None:
    assert_silent_where_nobody_reads(home[0], args, is_pipe=False)


def assert_silent_where_nobody_reads(
    client: ClientHome, args: tuple[str, ...], *, is_pipe: bool
) -> None:
    closing = [] if is_pipe else ["sh", "-c", 'exec "$@" >&-', "sh"]
    reading, writing = os.pipe()
    os.close(reading)
    try:
        done = subprocess.run(
            [*closing, sys.executable, "-m", "fnt", *args],
            env=client.environ, cwd=client.folder, stdout=writing, stderr=subprocess.PIPE,
            text=True, timeout=60, check=False,
        )  # fmt: skip
    finally:
        os.close(writing)

    told = "" if args[0] != "upload" else done.stderr  # of bytes sent, until nobody reads
    assert (done.returncode, done.stderr) == (141, told)
    assert "rror" not in told
    assert "Traceback" not in told


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

    assert done.returncode == 2
    assert done.stderr.startswith("error: cannot write the result")
    assert done.stderr.count("\n") == 1


def test_a_group_alone_is_a_usage_error_for_scripts(home: tuple[ClientHome, RestClient]) -> None:
    done = home[0].run("--json", "jobs")

    assert done.returncode == 2
    assert read_document(done.stdout)["error"]["code"] == "USAGE"


def catches(pid: int, number: signal.Signals) -> bool:
    """Whether a process has a handler of its own for a signal."""
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except FileNotFoundError:
        return False
    found = re.search(r"^SigCgt:\t(\w+)$", status, re.M)
    assert found
    return bool(int(found[1], 16) >> (number - 1) & 1)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("after_s", [0.0, 0.02, 0.04, 0.06, 0.1])
def test_an_early_interrupt_shows_no_traceback(
    home: tuple[ClientHome, RestClient], after_s: float, number: signal.Signals
) -> None:
    process = home[0].start("jobs", "list")
    wait_for(
        lambda: process.poll() is not None or catches(process.pid, signal.SIGTERM),
        within_s=30,
        what="fnt itself runs",
    )
    threading.Event().wait(after_s)  # the haste itself

    process.send_signal(number)

    _, err = process.communicate(timeout=10)
    # 0, or the signal itself: it had just ended, or Python was putting its handlers away
    assert process.returncode in (0, 128 + number, -number), err
    assert "Traceback" not in err


ENDING = """
import sys, time, weakref
from fnt.__main__ import main
weakref.finalize(main, lambda: (print("ending", flush=True), time.sleep(60)))
sys.argv = ["fnt", "config", "path"]
main()
"""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupt_after_the_end_changes_nothing(number: signal.Signals) -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", ENDING],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    with process:
        assert process.stdout
        assert any(line == "ending\n" for line in process.stdout)

        process.send_signal(number)

        assert process.wait(timeout=10) == 0
        assert process.stderr
        assert process.stderr.read() == ""


STUCK = """
import threading
from fnt.interrupts import handle_termination
handle_termination()
held = threading.Lock()
held.acquire()
try:
    print("ready", flush=True)
    held.acquire()
finally:
    held.acquire()  # as a library's lock that was left behind
"""


def test_a_way_out_that_is_blocked_ends_all_the_same() -> None:
    process = subprocess.Popen([sys.executable, "-c", STUCK], stdout=subprocess.PIPE)
    assert process.stdout
    with process.stdout:
        assert process.stdout.readline()

        process.terminate()

        assert process.wait(timeout=20) == 143


def test_a_slow_run_in_a_pipe_is_never_silent_for_a_minute(slow_watch: tuple[float, Path]) -> None:
    began, log = slow_watch

    def has_heartbeat() -> bool:
        told = [line.partition(": ")[2] for line in log.read_text().splitlines()]
        return len(set(told)) < len(told)

    left_s = max(1.0, began + 55 - time.monotonic())  # the job itself goes on at 60 s
    wait_for(has_heartbeat, within_s=left_s, what="a line told again")
    assert not {"\x1b", "\r"} & set(log.read_text())


def test_a_used_up_quota_is_11_and_whoami_shows_it(
    make_server: Callable[..., ServerProcess],
    make_client: Callable[[ServerProcess], tuple[ClientHome, RestClient]],
) -> None:
    home, _ = make_client(make_server(FNT_USER_QUOTA_MB="1"))
    write_large_pdf(home.folder / "large.pdf", size_bytes=3_000_000)
    (home.folder / "small.pdf").write_bytes(make_pdf())
    home.run_ok("upload", "small.pdf")

    refused = home.run("upload", "large.pdf", "--json")

    assert refused.returncode == 11
    assert read_document(refused.stdout)["jobs"][0]["error"]["code"] == "QUOTA_EXCEEDED"
    assert "of 1 MB" in home.run("whoami").stdout


def test_a_host_name_that_is_not_the_servers_is_no_fault_of_the_files(
    shared_server: ServerProcess, tmp_path: Path
) -> None:
    home = ClientHome(tmp_path, "http://fnt.test")
    home.environ |= {"FNT_TOKEN": "fnt_x", "HTTP_PROXY": shared_server.url}
    for number in range(3):
        (tmp_path / f"{number}.pdf").write_bytes(make_pdf(text=f"Texte {number}."))

    done = home.run("upload", "-r", ".", "--watch", "--insecure-http")

    assert done.returncode == 2, done.stderr
    assert "refused" not in done.stderr
    assert done.stderr.count("behind a proxy, set FNT_PROXIES") == 1
