"""A cancel, from wherever it comes: every watcher sees it, nothing comes after it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
import socketio

from e2e.harness import ClientHome, RestClient, ServerProcess, running
from e2e.observer import ENDED, PROGRESS, Observer
from fnt.wire import events
from pdfs import make_pdf

MakeClient = Callable[[ServerProcess], tuple[ClientHome, RestClient]]


@pytest.fixture(scope="module")
def slow_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerProcess]:
    """A server with one slot, whose chunks take a minute."""
    server = ServerProcess(
        tmp_path_factory.mktemp("slow") / "data", FNT_PACE_MS="60000", FNT_WORKERS="1"
    )
    with running(server):
        yield server


def test_every_watcher_sees_the_cancel_and_nothing_after_it(
    slow_server: ServerProcess, make_client: MakeClient
) -> None:
    home, rest = make_client(slow_server)
    job_id, next_id = rest.submit(make_pdf(pages=4)), rest.submit(make_pdf(pages=4))
    ways = [["--transport", "ws"], ["--transport", "poll"]]
    watches = [Observer(home, "watch", str(job_id), *way) for way in ways]
    try:
        for watch in watches:
            watch.wait_for_progress(15)

        said = home.run("jobs", "cancel", str(job_id))
        statuses = [watch.finish(within_s=15) for watch in watches]
    finally:
        for watch in watches:
            watch.kill()

    assert (said.returncode, "cancelled" in said.stderr) == (0, True)
    assert statuses == [7, 7]
    for watch in watches:
        assert watch.ends == ["cancelled"]
        kinds = [event["type"] for event in watch.events if event["type"] in (PROGRESS, ENDED)]
        assert kinds[-1] == ENDED
        assert watch.jobs[-1] == rest.job(job_id)
    rest.wait_until(next_id, lambda job: job["progress_percent"] == 15, within_s=5)
    rest.post(f"/jobs/{next_id}/cancel")


def test_cancel_over_the_socket_reaches_a_watcher_elsewhere(
    slow_server: ServerProcess, make_client: MakeClient
) -> None:
    home, rest = make_client(slow_server)
    job_id = rest.submit(make_pdf())
    watch = Observer(home, "watch", str(job_id))
    with socketio.SimpleClient() as other:
        try:
            watch.wait(lambda: watch.jobs, within_s=20, what="the job is shown")
            other.connect(slow_server.url, transports=["websocket"], auth={"token": rest.token})
            answers = [other.call(events.CANCEL_JOB, {"job_id": job_id}) for _ in range(2)]
            status = watch.finish(within_s=10)
        finally:
            watch.kill()

    assert status == 7
    assert answers[0] == answers[1] == {"ok": True, "job": rest.job(job_id)}
    assert watch.ends == ["cancelled"]


def test_cancels_at_the_same_moment_agree(
    slow_server: ServerProcess, make_client: MakeClient
) -> None:
    _, rest = make_client(slow_server)
    job_id = rest.submit(make_pdf())

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: rest.post(f"/jobs/{job_id}/cancel"), range(8)))

    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.text for answer in answers}) == 1


def test_cancel_too_late_says_how_the_job_ended(
    shared_server: ServerProcess, make_client: MakeClient
) -> None:
    home, rest = make_client(shared_server)
    job_id = rest.submit(make_pdf())
    ended = rest.wait_until(job_id, lambda job: job["status"] == "completed")

    twice = [home.run("jobs", "cancel", str(job_id)) for _ in range(2)]

    assert [done.returncode for done in twice] == [0, 0]
    assert all("was already completed" in done.stderr for done in twice)
    assert rest.job(job_id) == ended
