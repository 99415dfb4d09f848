"""Kill -9 of each part in the middle of a job: the job completes and the watcher sees it."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable

import pytest

from e2e.harness import ClientHome, RestClient, ServerProcess, is_alive, kill_tree, wait_for
from fnt_server.cli.sample import story_pdf

MakeServer = Callable[..., ServerProcess]
MakeClient = Callable[[ServerProcess], tuple[ClientHome, RestClient]]

pytestmark = pytest.mark.faults  # minutes of killing and waiting

PACE = {"FNT_PACE_MS": "1500", "FNT_LEASE_S": "4", "FNT_WORKERS": "2"}


@pytest.fixture(scope="package")
def undisturbed(shared_server: ServerProcess, tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """The story's result when nothing goes wrong."""
    shared_server.add_user("calm@example.org")
    rest = RestClient(shared_server.url, "calm@example.org")
    job_id = rest.submit(story_pdf().read_bytes(), name="story.pdf")
    rest.wait_until(job_id, lambda job: job["status"] == "completed")
    result: bytes = rest.get(f"/jobs/{job_id}/result?format=txt").content
    rest.close()
    return result


@pytest.mark.parametrize("victim", ["worker", "broker", "web"])
def test_job_completes_and_is_seen_after_a_part_is_killed(
    victim: str, make_server: MakeServer, make_client: MakeClient, undisturbed: bytes
) -> None:
    server = make_server(**PACE)
    home, rest = make_client(server)
    watch = home.start("upload", str(story_pdf()), "--watch", "-o", "out")
    _wait_for_a_chunk(rest)

    kill_tree(server.child(victim))
    out, err = watch.communicate(timeout=90)

    assert watch.returncode == 0, err
    assert out == "out/story.txt\n"
    assert (home.folder / "out/story.txt").read_bytes() == undisturbed
    assert err.count("completed") == 1


def test_job_completes_and_is_seen_after_everything_is_killed(
    make_server: MakeServer, make_client: MakeClient, undisturbed: bytes
) -> None:
    server = make_server(**PACE)
    home, rest = make_client(server)
    watch = home.start("upload", str(story_pdf()), "--watch", "-o", "out")
    _wait_for_a_chunk(rest)

    server.kill()
    server.start()
    _, err = watch.communicate(timeout=90)

    assert watch.returncode == 0, err
    assert (home.folder / "out/story.txt").read_bytes() == undisturbed
    assert err.count("completed") == 1


def test_server_stops_within_five_seconds_with_a_job_and_a_watcher(
    make_server: MakeServer, make_client: MakeClient
) -> None:
    server = make_server(FNT_PACE_MS="20000")
    home, rest = make_client(server)
    watch = home.start("upload", str(story_pdf()), "--watch")
    _wait_for_chunks_running(rest)
    processes = server.descendants()

    began = time.monotonic()
    status = server.stop()

    assert time.monotonic() - began < 5
    assert status == 0
    wait_for(lambda: not any(map(is_alive, processes)), within_s=1, what="all have ended")
    watch.send_signal(signal.SIGINT)
    _, err = watch.communicate(timeout=10)
    assert watch.returncode == 130
    assert "fnt watch 1" in err


def _wait_for_a_chunk(rest: RestClient) -> None:
    def has_chunk() -> bool:
        jobs = rest.get("/jobs").json()["jobs"]
        return bool(jobs) and 0 < jobs[0]["processed_chunks"] < jobs[0]["total_chunks"]

    wait_for(has_chunk, within_s=30, what="the first chunk is done")


def _wait_for_chunks_running(rest: RestClient) -> None:
    def runs() -> bool:
        jobs = rest.get("/jobs").json()["jobs"]
        return bool(jobs) and jobs[0]["progress_percent"] == 15

    wait_for(runs, within_s=30, what="chunks are running")
