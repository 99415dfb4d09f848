"""The event bus: nobody waits for the broker, and the newest snapshot wins."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from queue import Queue
from threading import Event, Semaphore, Thread
from typing import Any

import pytest

from fnt_server.messaging import event_bus
from fnt_server.messaging.event_bus import Publisher

WITHIN_S = 5.0


class Broker:
    """Takes what is told; may hold the publisher's thread, as a frozen broker does, or fail."""

    def __init__(self) -> None:
        self.told: Queue[tuple[int, int]] = Queue()
        self.woken: Queue[None] = Queue()
        self.entered = Event()
        self.let_go = Event()
        self.let_go.set()
        self.error: Exception | None = None

    def emit(self, job_id: int, job: dict[str, Any]) -> None:
        self.entered.set()
        assert self.let_go.wait(WITHIN_S)
        if self.error is not None:
            raise self.error
        self.told.put((job_id, job["version"]))

    def send_wakeup(self) -> None:
        if self.error is not None:
            raise self.error
        self.woken.put(None)


@pytest.fixture
def broker() -> Broker:
    return Broker()


@pytest.fixture
def telling(broker: Broker) -> Iterator[Publisher]:
    publisher = Publisher(emit=broker.emit, send_wakeup=broker.send_wakeup)
    yield publisher
    broker.let_go.set()
    publisher.close()


def freeze(broker: Broker, telling: Publisher) -> None:
    """Let the thread be held by an emit."""
    broker.let_go.clear()
    telling.publish({"id": 99, "version": 1})
    assert broker.entered.wait(WITHIN_S)


def test_what_is_published_is_told(broker: Broker, telling: Publisher) -> None:
    telling.publish({"id": 1, "version": 3})
    telling.notify_workers(2)

    assert broker.told.get(timeout=WITHIN_S) == (1, 3)
    for _ in range(2):
        broker.woken.get(timeout=WITHIN_S)


def test_the_newest_snapshot_of_a_job_is_told_and_never_an_older_one(
    broker: Broker, telling: Publisher
) -> None:
    freeze(broker, telling)
    for version in (2, 5, 3, 4):
        telling.publish({"id": 1, "version": version})
    telling.publish({"id": 2, "version": 1})
    broker.let_go.set()

    told = [broker.told.get(timeout=WITHIN_S) for _ in range(3)]

    assert sorted(told) == [(1, 5), (2, 1), (99, 1)]


def test_a_frozen_broker_holds_nobody_and_fills_no_memory(
    broker: Broker, telling: Publisher, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(event_bus, "MAX_PENDING_SNAPSHOTS", 10)  # 10 000 would take a second
    freeze(broker, telling)
    for job_id in range(50):
        telling.publish({"id": job_id, "version": 1})
        telling.notify_workers()
    broker.let_go.set()
    told = [broker.told.get(timeout=WITHIN_S)[0] for _ in range(11)]

    assert told == [99, *range(40, 50)]


def test_a_wakeup_does_not_wait_for_all_events_of_a_slow_bus() -> None:
    let_go, woken, begun = Semaphore(0), Event(), Queue[int]()

    def emit(job_id: int, _job: dict[str, Any]) -> None:
        begun.put(job_id)
        let_go.acquire(timeout=WITHIN_S)

    telling = Publisher(emit=emit, send_wakeup=woken.set)
    telling.publish({"id": 0, "version": 1})
    assert begun.get(timeout=WITHIN_S) == 0
    for job_id in (1, 2):
        telling.publish({"id": job_id, "version": 1})
    let_go.release()
    assert begun.get(timeout=WITHIN_S) == 1
    telling.notify_workers()
    let_go.release()

    assert woken.wait(WITHIN_S / 2)
    let_go.release()
    telling.close()


def test_pending_wakeups_are_capped(broker: Broker, telling: Publisher) -> None:
    freeze(broker, telling)
    telling.notify_workers(10_000)
    broker.let_go.set()
    telling.close(WITHIN_S)

    assert broker.woken.qsize() == event_bus.MAX_PENDING_WAKEUPS


def test_a_failure_is_logged_and_forgotten(
    broker: Broker, telling: Publisher, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING)
    freeze(broker, telling)
    broker.error = ConnectionError("redis://user:secret@host")
    telling.notify_workers(50)
    broker.let_go.set()
    telling.close(WITHIN_S)
    messages = [record.getMessage() for record in caplog.records]

    assert messages == ["emit failed: ConnectionError", "wakeup failed: ConnectionError"]


def test_it_goes_on_after_a_failure(broker: Broker, telling: Publisher) -> None:
    freeze(broker, telling)
    broker.error = ConnectionError("away")
    broker.let_go.set()
    broker.entered.clear()
    telling.publish({"id": 1, "version": 1})
    assert broker.entered.wait(WITHIN_S)
    telling.close(WITHIN_S)
    broker.error = None

    again = Publisher(emit=broker.emit, send_wakeup=broker.send_wakeup)
    again.publish({"id": 2, "version": 7})

    assert broker.told.get(timeout=WITHIN_S) == (2, 7)
    again.close()


def test_close_tells_what_is_waiting_but_does_not_wait_for_ever(broker: Broker) -> None:
    telling = Publisher(emit=broker.emit, send_wakeup=broker.send_wakeup)
    telling.publish({"id": 1, "version": 1})
    telling.close(WITHIN_S)
    assert broker.told.get_nowait() == (1, 1)

    frozen = Publisher(emit=broker.emit, send_wakeup=broker.send_wakeup)
    freeze(broker, frozen)
    closing = Thread(target=frozen.close, args=(0.05,))
    closing.start()
    closing.join(WITHIN_S)

    assert not closing.is_alive()
    broker.let_go.set()
