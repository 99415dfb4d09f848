"""What happens to a server while it is watched: the broker frozen, all killed, a token's end."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Iterator

import pytest

from e2e.harness import ClientHome, RestClient, ServerProcess
from e2e.observer import ENDED, LINK, Observer, moment
from fnt_server.cli.sample import story_pdf

MakeServer = Callable[..., ServerProcess]
MakeClient = Callable[[ServerProcess], tuple[ClientHome, RestClient]]
Observe = Callable[..., Observer]

pytestmark = pytest.mark.faults  # minutes of killing and waiting


@pytest.fixture
def observe() -> Iterator[Observe]:
    """Return a function that starts a client whose events are read."""
    started: list[Observer] = []

    def start(home: ClientHome, *args: str) -> Observer:
        started.append(Observer(home, *args))
        return started[-1]

    yield start
    for observer in started:
        observer.kill()


def test_end_is_seen_soon_while_the_broker_is_frozen(
    make_server: MakeServer, make_client: MakeClient, observe: Observe
) -> None:
    """The events are lost, every request is answered at once, and the end is seen in time."""
    server = make_server(FNT_PACE_MS="2500")
    home, rest = make_client(server)
    email = rest.get("/auth/me").json()["email"]
    job_id, unwanted = (rest.submit(story_pdf().read_bytes()) for _ in range(2))
    watch = observe(home, "watch", str(job_id), "--no-save")
    watch.wait_for_progress(15)
    broker = server.child("broker")

    os.kill(broker, signal.SIGSTOP)
    try:
        asked_s = {
            "health": _timed(lambda: rest.get("/health")),
            "login": _timed(lambda: RestClient(server.url, email).close()),
            "list": _timed(lambda: rest.get("/jobs")),
            "confirm and upload": _timed(lambda: rest.submit(story_pdf().read_bytes())),
            "cancel": _timed(lambda: rest.post(f"/jobs/{unwanted}/cancel")),
        }
        job = rest.wait_until(job_id, lambda job: job["status"] == "completed")
        watch.wait(lambda: watch.ends, within_s=20, what="the end")
    finally:
        os.kill(broker, signal.SIGCONT)

    assert watch.finish() == 0
    assert watch.ends == ["completed"]
    assert moment(watch.of(ENDED)[0]["ts"]) - moment(job["completed_at"]) <= 10
    assert max(asked_s.values()) <= 2, asked_s
    rest.wait_until(unwanted + 1, lambda job: job["status"] == "completed")


def test_watch_goes_on_over_two_crashes_and_a_long_absence(
    make_server: MakeServer, make_client: MakeClient, observe: Observe
) -> None:
    server = make_server(FNT_PACE_MS="3000", FNT_LEASE_S="3")
    home, rest = make_client(server)
    job_id = rest.submit(story_pdf().read_bytes())
    watch = observe(home, "watch", str(job_id), "--no-save")
    watch.wait(lambda: "live" in watch.links, within_s=20, what="live")

    server.kill()
    server.start()
    watch.wait_for_progress(30)
    server.kill()
    time.sleep(8)  # the absence itself: long enough for the client to try polling too
    server.start()

    assert watch.finish() == 0, watch.stderr
    assert watch.ends == ["completed"]
    assert watch.versions == sorted(set(watch.versions))
    assert watch.jobs[-1] == rest.job(job_id)


def test_watcher_who_comes_late_sees_the_end_at_once(
    shared_server: ServerProcess, make_client: MakeClient, observe: Observe
) -> None:
    home, rest = make_client(shared_server)
    job_id = rest.submit(story_pdf().read_bytes())
    rest.wait_until(job_id, lambda job: job["status"] == "completed")
    time.sleep(3)  # late by as much: nothing is left to be told

    watch = observe(home, "watch", str(job_id), "--no-save")

    assert watch.finish() == 0
    assert watch.ends == ["completed"]
    live_at = moment(next(e["ts"] for e in watch.of(LINK) if e["status"] == "live"))
    assert moment(watch.of(ENDED)[0]["ts"]) - live_at <= 1


def test_watch_outlives_its_access_token_without_a_blink(
    make_server: MakeServer, make_client: MakeClient, observe: Observe
) -> None:
    server = make_server(FNT_PACE_MS="5000", FNT_ACCESS_TTL_S="6")
    home, _ = make_client(server)
    watch = observe(home, "upload", str(story_pdf()), "--watch", "--no-save")

    assert watch.finish() == 0, watch.stderr
    assert watch.ends == ["completed"]
    assert watch.links[-1] == "live"
    assert "reconnecting" not in watch.links


def test_watch_ends_when_its_login_is_revoked(
    make_server: MakeServer, make_client: MakeClient, observe: Observe
) -> None:
    server = make_server(FNT_PACE_MS="5000")
    home, rest = make_client(server)
    watch = observe(home, "upload", str(story_pdf()), "--watch", "--no-save")
    watch.wait_for_progress(15)

    revoked_at = time.monotonic()
    assert rest.post("/auth/logout", json={"all": True}).status_code == 200

    assert watch.finish() == 4
    assert time.monotonic() - revoked_at <= 10
    assert watch.ends == []
    assert "fnt login" in watch.stderr


def _timed(ask: Callable[[], object]) -> float:
    began = time.monotonic()
    ask()
    return time.monotonic() - began
