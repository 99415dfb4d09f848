"""Whoever can write to the broker: what they make up wakes workers and tells nobody anything."""

from __future__ import annotations

import base64
import json
import pickle
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
import redis
from celery import Celery

from e2e.harness import wait_for
from fnt.wire import paths
from fnt.wire.job_status import JobStatus
from fnt_server.messaging.broker import QUEUE, WAKEUP_TASK, make_wakeup_sender, send_wakeup
from pdfs import make_pdf
from server.processes import Deployment, WebProcess
from server.services import BrokerProcess, private_broker
from server.sockets import Listener, is_silent

DONE_WITHIN_S = 25.0
"""A forged item once silenced a worker for 60 s."""


@pytest.fixture
def broker() -> Iterator[BrokerProcess]:
    with private_broker() as process:
        yield process


@pytest.fixture
def deployment(tmp_path: Path, broker: BrokerProcess) -> Iterator[Deployment]:
    deployment = Deployment(tmp_path / "data", broker_url=broker.url, FNT_WORKERS="1")
    yield deployment
    deployment.close()


def item(body: Any = ((), {}, {}), **changes: Any) -> bytes:
    """Return a queue item like ours, but for some changes; a header of None is left out."""
    headers = {"lang": "py", "task": WAKEUP_TASK, "id": "x", "root_id": "x", "retries": 0}
    headers |= changes.pop("headers", {})
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    message = {
        "body": base64.b64encode(content).decode(),
        "content-encoding": "utf-8",
        "content-type": "application/json",
        "headers": {name: value for name, value in headers.items() if value is not None},
        "properties": {
            "correlation_id": "x",
            "delivery_mode": 2,
            "delivery_info": {"exchange": "", "routing_key": QUEUE},
            "priority": 0,
            "body_encoding": "base64",
            "delivery_tag": "t",
        },
    }
    return json.dumps(message | changes).encode()


FORGED: dict[str, bytes] = {
    "no JSON": b"noise",
    "no text": b"\xff\xfe\0",
    "empty": b"",
    "null": b"null",
    "a list": b"[1, 2]",
    "an empty object": b"{}",
    "without properties": item(properties={}),
    "properties of another type": item(properties=[1]),
    "headers of another type": item(headers={}).replace(b'"headers": {', b'"headers": 1, "h": {'),
    "an unknown task": item(headers={"task": "os.system"}),
    "no task": item(headers={"task": None}),
    "arguments": item((["x"], {"y": 1}, {})),
    "no arguments": item("x"),
    "a pickle": item(pickle.dumps(1), **{"content-type": "application/x-python-serialize"}),
    "an unknown content type": item(**{"content-type": "x/y"}),
    "an unknown encoding": item(**{"content-encoding": "nope"}),
    "compressed": item(headers={"compression": "application/x-gzip"}),
    "a body that is no base64": item(body=5),
    "nested": b"[" * 100_000,
    "nested JSON": b"[" * 50_000 + b"]" * 50_000,
    "huge": b'{"body": "' + b"x" * 20_000_000 + b'"}',
    "a time limit": item(headers={"timelimit": [0.001, 0.001]}),
    "in a thousand years": item(headers={"eta": "3026-01-01T00:00:00+00:00"}),
    "long expired": item(headers={"expires": "2001-01-01T00:00:00+00:00"}),
    "an odd date": item(headers={"eta": "never", "expires": {}}),
    "callbacks": item(
        ((), {}, {"callbacks": [{"task": WAKEUP_TASK}], "chain": [{"task": "x"}] * 9})
    ),
    "many retries": item(headers={"retries": 10**30, "group": [], "id": None}),
}


def poison(broker: BrokerProcess, *items: bytes) -> None:
    with closing(redis.Redis.from_url(broker.url)) as client:
        for one in items:
            client.lpush(QUEUE, one)


def finish_a_job(deployment: Deployment, wakeups: Celery | None = None) -> float:
    """Let a job be done, found by a wakeup or by the worker's own search; returns the seconds."""
    user_id, _token = deployment.add_user()
    started = time.monotonic()
    job_id = deployment.add_job(user_id, make_pdf(pages=2))
    if wakeups is not None:
        send_wakeup(wakeups)
    job = deployment.wait_for_job(
        job_id, lambda j: JobStatus(j.status).is_terminal, within_s=DONE_WITHIN_S, what="the end"
    )
    assert job.status == JobStatus.COMPLETED
    return time.monotonic() - started


@pytest.mark.faults
def test_forged_items_do_not_stop_a_worker(deployment: Deployment, broker: BrokerProcess) -> None:
    worker = deployment.start_worker()
    deployment.wait_for_worker()
    finish_a_job(deployment)

    slow, wakeups = {}, make_wakeup_sender(deployment.config)
    for name, forged in FORGED.items():
        poison(broker, forged, forged)
        took_s = finish_a_job(deployment, wakeups)
        if took_s > DONE_WITHIN_S / 2:
            slow[name] = took_s

    assert slow == {}
    log = deployment.logs()
    assert "Traceback" not in log
    assert "crashed" not in log
    worker.terminate()
    assert worker.wait(within_s=15) == 0


def test_what_lies_in_the_queue_at_the_start_does_not_stop_a_worker(
    deployment: Deployment, broker: BrokerProcess
) -> None:
    poison(broker, *FORGED.values())
    with closing(redis.Redis.from_url(broker.url)) as client:
        client.hset("unacked", "t", b"noise")
        client.zadd("unacked_index", {"t": 0})
        client.sadd(f"_kombu.binding.{QUEUE}", b"noise")
    deployment.start_worker()

    deployment.wait_for_worker()
    finish_a_job(deployment)


def forged_event(job_id: int, **changes: Any) -> dict[str, Any]:
    job = {"id": job_id, "version": 10**9, "status": "completed", "progress_percent": 100}
    return {
        "method": "emit",
        "event": "job_progress",
        "data": [job],
        "binary": False,
        "namespace": "/",
        "room": f"job_{job_id}",
        "skip_sid": None,
        "callback": None,
        "host_id": "elsewhere",
    } | changes


@pytest.fixture
def web(deployment: Deployment) -> WebProcess:
    return deployment.start_web()


def publish(broker: BrokerProcess, *messages: Any) -> None:
    with closing(redis.Redis.from_url(broker.url)) as client:
        for message in messages:
            raw = message if isinstance(message, bytes) else json.dumps(message).encode()
            assert client.publish("fnt.events.0", raw) == 1


def test_a_forged_event_tells_nobody_anything(
    deployment: Deployment, broker: BrokerProcess, web: WebProcess
) -> None:
    user_id, token = deployment.add_user()
    job_id = deployment.add_job(user_id)
    listener = Listener(web.url).connect(token)
    known = listener.join(job_id)["job"]

    publish(broker, forged_event(job_id))
    told = listener.progress.get(timeout=5)
    assert told == known  # what the database holds, whatever the event says

    publish(
        broker,
        b"noise", b"\xff", b"null", b"[]", b"[" * 100_000, b'"x"', b"x" * 5_000_000, {},
        {"method": "emit"}, {"method": []}, {"method": "callback", "host_id": 1},
        {"method": "disconnect", "sid": None, "namespace": "/"},
        {"method": "close_room", "room": f"job_{job_id}", "namespace": "/"},
        forged_event(job_id, event="error"), forged_event(job_id, event="server_draining"),
        forged_event(job_id, room=None), forged_event(job_id, room=f"job_{10**30}"),
        forged_event(job_id, room=[f"job_{job_id}"]), forged_event(job_id, room="job_x"),
        forged_event(job_id, namespace="/x"), forged_event(job_id + 99),
    )  # fmt: skip
    assert is_silent(listener.progress, for_s=1.0)
    assert listener.errors.empty()
    assert listener.draining.empty()
    assert not listener.closed.is_set()

    with web.client(token) as client:
        client.post(paths.job(job_id, "cancel"))
    assert listener.progress.get(timeout=5)["status"] == "cancelled"
    publish(broker, forged_event(job_id, data=[{"id": job_id, "status": "processing"}]))
    while not listener.progress.empty():
        assert listener.progress.get()["status"] == "cancelled"
    listener.disconnect()
    assert "Traceback" not in deployment.logs()


def test_a_forged_event_cannot_enter_or_close_sockets(
    deployment: Deployment, broker: BrokerProcess, web: WebProcess
) -> None:
    owner_id, _token = deployment.add_user()
    _id, token = deployment.add_user()
    job_id = deployment.add_job(owner_id)
    listener = Listener(web.url).connect(token)
    sid = listener.sid
    room = {"sid": sid, "room": f"job_{job_id}", "namespace": "/"}

    publish(broker, {"method": "enter_room", **room}, forged_event(job_id))
    publish(broker, {"method": "disconnect", **room})

    assert is_silent(listener.progress, for_s=1.0)
    assert not listener.closed.is_set()
    listener.disconnect()


def test_an_event_of_the_previous_release_still_arrives(
    deployment: Deployment, broker: BrokerProcess, web: WebProcess
) -> None:
    """Its worker publishes as ours does: the event only says which job to look at."""
    user_id, token = deployment.add_user()
    job_id = deployment.add_job(user_id)
    listener = Listener(web.url).connect(token)
    listener.join(job_id)

    publish(broker, forged_event(job_id, data={"id": job_id}))

    assert listener.progress.get(timeout=5)["id"] == job_id
    listener.disconnect()


def test_forged_events_of_jobs_that_nobody_watches_are_not_looked_up(
    deployment: Deployment, broker: BrokerProcess, web: WebProcess
) -> None:
    user_id, token = deployment.add_user()
    job_id = deployment.add_job(user_id)
    publish(broker, *(forged_event(n) for n in range(1, 20_000)))
    listener = Listener(web.url).connect(token)
    assert listener.join(job_id)["ok"]
    listener.disconnect()
    wait_for(web.answers, within_s=2, what="health")
