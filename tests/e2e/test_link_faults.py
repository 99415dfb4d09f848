"""What a network does to a watch: whatever it is, the truth is shown, once, and soon.

The faults that leave the server alone are played at the same time, each with a user, a job, a proxy
and a client of its own.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from e2e.harness import ClientHome, RestClient, ServerProcess, running
from e2e.observer import ENDED, LINK, Observer, moment
from e2e.proxy import FaultProxy, proxied
from pdfs import make_pdf

pytestmark = pytest.mark.faults

CHUNKS = 10
PAGES = CHUNKS * 32
PACE_S = 2.6
RESETS = 100
RESET_EVERY_S = 0.2


@dataclass(kw_only=True)
class Scene:
    """One job being watched through a proxy."""

    proxy: FaultProxy
    rest: RestClient
    job_id: int
    watch: Observer

    def end(self) -> Seen:
        """Wait for the client's end."""
        status = self.watch.finish()
        job = self.rest.job(self.job_id)
        return Seen(watch=self.watch, exit_status=status, job=job)


@dataclass(kw_only=True)
class Seen:
    """What a client has shown, and the job as the record has it."""

    watch: Observer
    exit_status: int
    job: dict[str, Any]
    restored_at: float = 0.0
    broken_at: float = 0.0

    @property
    def ended_at(self) -> float:
        """When the end was shown."""
        return moment(self.watch.of(ENDED)[0]["ts"])

    def link_at(self, status: str, *, after: float = 0.0) -> float:
        """When the link was shown like this for the first time after a moment."""
        found = [moment(e["ts"]) for e in self.watch.of(LINK) if e["status"] == status]
        return next(at for at in found if at >= after)

    def assert_true(self) -> None:
        """Hold it to what every watch promises."""
        assert self.exit_status == 0, self.watch.stderr
        assert self.watch.ends == ["completed"]
        versions = self.watch.versions
        assert versions == sorted(set(versions))
        percents = [job["progress_percent"] for job in self.watch.jobs]
        assert percents == sorted(percents)
        assert self.watch.jobs[-1] == self.job


def flapping(scene: Scene) -> Seen:
    for _ in range(RESETS):
        time.sleep(RESET_EVERY_S)  # the fault itself
        scene.proxy.reset_all()
    return scene.end()


def half_open(scene: Scene) -> Seen:
    scene.watch.wait_for_progress(15)
    scene.watch.wait(lambda: "live" in scene.watch.links, within_s=20, what="live")
    shown, broken_at = len(scene.watch.links), time.time()
    scene.proxy.faults.black_hole = True
    scene.watch.wait(
        lambda: "reconnecting" in scene.watch.links[shown:], within_s=20, what="noticed"
    )
    scene.proxy.faults.black_hole = False
    restored_at = time.time()
    seen = scene.end()
    seen.broken_at, seen.restored_at = broken_at, restored_at
    return seen


def cut_over_the_end(scene: Scene) -> Seen:
    scene.watch.wait_for_progress(60)
    scene.proxy.faults.refuse = True
    scene.proxy.reset_all()
    scene.rest.wait_until(scene.job_id, lambda job: job["status"] == "completed")
    scene.proxy.faults.refuse = False
    restored_at = time.time()
    seen = scene.end()
    seen.restored_at = restored_at
    return seen


def no_websocket(scene: Scene) -> Seen:
    return scene.end()


def websocket_comes_back(scene: Scene) -> Seen:
    scene.watch.wait(lambda: "polling" in scene.watch.links, within_s=20, what="polling")
    scene.proxy.faults.refuse_websocket = False
    restored_at = time.time()
    seen = scene.end()
    seen.restored_at = restored_at
    return seen


def as_it_is(scene: Scene) -> Seen:
    return scene.end()


SCENES: Mapping[str, tuple[dict[str, Any], Callable[[Scene], Seen]]] = {
    "flapping": ({}, flapping),
    "half open": ({}, half_open),
    "cut over the end": ({}, cut_over_the_end),
    "no websocket": ({"refuse_websocket": True}, no_websocket),
    "websocket comes back": ({"refuse_websocket": True}, websocket_comes_back),
    "slow": ({"delay_s": 0.3}, as_it_is),
    "cut after some bytes": ({"cut_after_bytes": 4000}, as_it_is),
}


@pytest.fixture(scope="module")
def scenes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mapping[str, Future[Seen]]]:
    """All faults at once, one slot of the worker for each."""
    folder = tmp_path_factory.mktemp("faults")
    server = ServerProcess(
        folder / "data", FNT_PACE_MS=str(int(PACE_S * 1000)), FNT_WORKERS=str(len(SCENES))
    )
    watches: list[Observer] = []
    with running(server), ThreadPoolExecutor(len(SCENES)) as pool:
        for name in SCENES:
            server.add_user(_email(name))
        yield {name: pool.submit(_play, name, server, folder, watches) for name in SCENES}
        for watch in watches:
            watch.kill()


def _play(name: str, server: ServerProcess, folder: Path, watches: list[Observer]) -> Seen:
    faults, act = SCENES[name]
    home = ClientHome(folder / name.replace(" ", "_"), server.url).login(_email(name))
    rest = RestClient(server.url, _email(name))
    with proxied(server.port) as proxy:
        through = home.at(proxy.url).login(_email(name))
        job_id = rest.submit(make_pdf(pages=PAGES))
        for fault, value in faults.items():
            setattr(proxy.faults, fault, value)
        watch = Observer(through, "watch", str(job_id), "--no-save")
        watches.append(watch)
        scene = Scene(proxy=proxy, rest=rest, job_id=job_id, watch=watch)
        try:
            return act(scene)
        finally:
            rest.close()


def _email(name: str) -> str:
    return f"{name.replace(' ', '.')}@example.org"


def test_hundred_resets_in_one_job_show_nothing_wrong(scenes: Mapping[str, Future[Seen]]) -> None:
    seen = scenes["flapping"].result()

    seen.assert_true()
    assert seen.ended_at - moment(seen.job["completed_at"]) <= 10


def test_half_open_link_is_noticed_and_healed(scenes: Mapping[str, Future[Seen]]) -> None:
    seen = scenes["half open"].result()

    seen.assert_true()
    assert seen.link_at("reconnecting", after=seen.broken_at) - seen.broken_at <= 15
    assert seen.link_at("live", after=seen.restored_at) - seen.restored_at <= 10


def test_end_that_came_while_the_link_was_cut_is_shown_when_it_is_back(
    scenes: Mapping[str, Future[Seen]],
) -> None:
    seen = scenes["cut over the end"].result()

    seen.assert_true()
    assert moment(seen.job["completed_at"]) < seen.restored_at
    assert 0 <= seen.ended_at - seen.restored_at <= 5


def test_watch_without_a_websocket_polls_to_the_same_end(
    scenes: Mapping[str, Future[Seen]],
) -> None:
    seen = scenes["no websocket"].result()

    seen.assert_true()
    assert "live" not in seen.watch.links
    assert seen.link_at("polling") - seen.link_at("connecting") <= 10
    assert seen.ended_at - moment(seen.job["completed_at"]) <= 11


def test_watch_returns_to_the_websocket_when_it_is_there(
    scenes: Mapping[str, Future[Seen]],
) -> None:
    seen = scenes["websocket comes back"].result()

    seen.assert_true()
    assert seen.link_at("live", after=seen.restored_at) - seen.restored_at <= 16
    assert seen.watch.links[-1] == "live"


@pytest.mark.parametrize("name", ["slow", "cut after some bytes"])
def test_poor_link_is_put_up_with(name: str, scenes: Mapping[str, Future[Seen]]) -> None:
    seen = scenes[name].result()

    seen.assert_true()
    assert len(seen.watch.versions) > CHUNKS / 2
