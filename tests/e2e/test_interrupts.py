"""Whoever stops the client gets an honest exit status, a line to go on with and no half file."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from e2e.harness import (
    ClientHome,
    RestClient,
    ServerProcess,
    command_line,
    descendants,
    running,
    wait_for,
)
from e2e.observer import Observer
from e2e.proxy import FaultProxy, proxied
from fnt_server.cli.sample import story_pdf
from pdfs import make_pdf

MakeClient = Callable[[ServerProcess], tuple[ClientHome, RestClient]]
Watched = tuple[ClientHome, Observer, int, FaultProxy]


@pytest.fixture(scope="module")
def slow_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    """A server whose jobs last for longer than these tests."""
    server = ServerProcess(
        tmp_path_factory.mktemp("slow") / "data", FNT_PACE_MS="60000", FNT_WORKERS="2"
    )
    with running(server):
        yield server


@pytest.fixture
def watched(slow_server: ServerProcess, make_client: MakeClient) -> Iterator[Watched]:
    """A client that watches a job, live, through a proxy; its results would go to `out`."""
    home, rest = make_client(slow_server)
    job_id = rest.submit(make_pdf())
    with ExitStack() as stack:
        proxy = stack.enter_context(proxied(slow_server.port))
        through = home.at(proxy.url).login(rest.get("/auth/me").json()["email"])
        observer = Observer(through, "watch", str(job_id), "-o", "out")
        stack.callback(observer.kill)
        observer.wait(lambda: "live" in observer.links, within_s=20, what="live")
        observer.wait_for_progress(15)
        yield home, observer, job_id, proxy
    rest.post(f"/jobs/{job_id}/cancel")  # its slot is for the next


def test_ctrl_c_leaves_the_job_running_and_says_how_to_go_on(watched: Watched) -> None:
    home, observer, job_id, _ = watched

    observer.send(signal.SIGINT)

    assert observer.finish(within_s=3) == 130
    assert f"fnt watch {job_id} -o out" in observer.stderr
    assert "Traceback" not in observer.stderr
    assert files_in(home.folder / "out") == []
    assert home.job(job_id)["status"] == "processing"


def test_ctrl_c_is_heard_when_the_network_is_a_black_hole(watched: Watched) -> None:
    _, observer, job_id, proxy = watched
    proxy.faults.black_hole = True

    observer.send(signal.SIGINT)

    assert observer.finish(within_s=3) == 130
    assert f"fnt watch {job_id}" in observer.stderr


def test_second_ctrl_c_ends_at_once(watched: Watched) -> None:
    _, observer, _, proxy = watched
    proxy.faults.black_hole = True

    observer.send(signal.SIGINT)
    time.sleep(0.05)  # the impatience itself
    observer.send(signal.SIGINT)

    assert observer.finish(within_s=5) == 130
    assert "Traceback" not in observer.stderr


def test_sigterm_ends_with_143(watched: Watched) -> None:
    _, observer, job_id, _ = watched

    observer.send(signal.SIGTERM)

    assert observer.finish(within_s=3) == 143
    assert "Traceback" not in observer.stderr
    assert f"fnt watch {job_id}" in observer.stderr


def test_a_closed_terminal_ends_with_129_and_a_complete_record(watched: Watched) -> None:
    home, observer, job_id, _ = watched

    observer.send(signal.SIGHUP)

    assert observer.finish(within_s=3) == 129
    assert "Traceback" not in observer.stderr
    assert f"fnt watch {job_id}" in observer.stderr
    assert observer.of("run.finished")[-1]["exit_code"] == 129
    assert home.job(job_id)["status"] == "processing"


@pytest.mark.faults
def test_under_nohup_a_closed_terminal_ends_nothing(
    slow_server: ServerProcess, make_client: MakeClient
) -> None:
    home, rest = make_client(slow_server)
    job_id = rest.submit(make_pdf())
    with home.start(
        "watch", str(job_id), "--timeout", "6s",
        preexec_fn=lambda: signal.signal(signal.SIGHUP, signal.SIG_IGN),
    ) as watching:  # fmt: skip
        time.sleep(3)  # it watches
        watching.send_signal(signal.SIGHUP)
        _, err = watching.communicate(timeout=20)
    rest.post(f"/jobs/{job_id}/cancel")

    assert watching.returncode == 8
    assert "timed out" in err


def test_closed_stdout_ends_silently_with_141(watched: Watched) -> None:
    home, observer, job_id, proxy = watched
    observer.close_stdout()

    proxy.reset_all()  # what the client has to tell of now, again and again
    proxy.faults.refuse = True

    assert observer.finish(within_s=15) == 141
    assert observer.stderr == ""
    assert home.job(job_id)["status"] == "processing"


def test_ctrl_c_while_a_file_is_sent_leaves_nothing_behind(
    slow_server: ServerProcess, make_client: MakeClient
) -> None:
    home, rest = make_client(slow_server)
    email = rest.get("/auth/me").json()["email"]
    (home.folder / "long.pdf").write_bytes(make_pdf(pages=4900))
    with proxied(slow_server.port) as proxy:
        through = home.at(proxy.url).login(email)
        proxy.faults.delay_s = 0.5  # for each 64 KB
        observer = Observer(through, "upload", "long.pdf", "--watch", "-o", "out")
        try:
            observer.wait(
                lambda: any(event["sent_bytes"] > 0 for event in observer.of("upload.progress")),
                within_s=20,
                what="bytes are sent",
            )
            observer.send(signal.SIGINT)
            status = observer.finish(within_s=3)
        finally:
            observer.kill()

    assert status == 130
    assert "Traceback" not in observer.stderr
    assert files_in(home.folder / "out") == []
    assert [job["uploaded_at"] for job in rest.get("/jobs").json()["jobs"]] == [None]
    jobs_files = (
        slow_server.data_dir / "files" / "jobs" / str(rest.get("/jobs").json()["jobs"][0]["id"])
    )
    wait_for(lambda: not files_in(jobs_files), within_s=5, what="no half file on the server")


@pytest.mark.parametrize(
    ("number", "code"),
    [(signal.SIGINT, 130), pytest.param(signal.SIGHUP, 129, marks=pytest.mark.faults)],
)
def test_an_interrupt_while_a_result_is_fetched_leaves_no_half_file(
    number: signal.Signals, code: int, shared_server: ServerProcess, make_client: MakeClient
) -> None:
    home, rest = make_client(shared_server)
    job_id = rest.submit(story_pdf().read_bytes())
    rest.wait_until(job_id, lambda job: job["status"] == "completed")
    asked = f"GET /api/v1/jobs/{job_id}/result"
    with proxied(shared_server.port) as proxy:
        through = home.at(proxy.url).login(rest.get("/auth/me").json()["email"])
        proxy.faults.delay_s = 1.5
        fetching = through.start("download", str(job_id), "-o", "out")
        wait_for(lambda: asked in shared_server.access_log(), within_s=20, what="asked")
        fetching.send_signal(number)
        out, err = fetching.communicate(timeout=3)

    assert fetching.returncode == code
    assert out == ""
    assert "Traceback" not in err
    assert files_in(home.folder / "out") == []


def test_ctrl_c_while_a_batch_is_checked_warns_of_no_check(
    slow_server: ServerProcess, make_client: MakeClient
) -> None:
    home, _ = make_client(slow_server)
    packages, books = home.folder / "packages", home.folder / "books"
    for folder in (packages, books):
        folder.mkdir()
    (packages / "pypdf.py").write_text("import time\n\n\ndef PdfReader(_):\n    time.sleep(60)\n")
    home.environ["PYTHONPATH"] = str(packages)
    (books / "a.pdf").write_bytes(make_pdf())
    with home.start("batch", "run", "books") as batch:
        pypdf = "fnt.pdf_look.serve"
        wait_for(
            lambda: sum(pypdf in command_line(pid) for pid in descendants(batch.pid)) > 1,
            within_s=20, what="a check runs",
        )  # fmt: skip
        batch.send_signal(signal.SIGINT)
        _, err = batch.communicate(timeout=10)

    assert batch.returncode == 130
    assert "not checked" not in err
    assert "resume with: fnt batch run books" in err


def files_in(folder: Path) -> list[Path]:
    """Return all files below a folder, which need not exist."""
    return [path for path in folder.rglob("*") if path.is_file()]
