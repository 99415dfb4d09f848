"""Sockets that never log in, or send without end: others are served all the same."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from statistics import median

import pytest
import websocket

from e2e.harness import wait_for
from fnt.wire import events
from server.processes import Deployment, WebProcess
from server.sockets import BareSocket, Listener, Refused
from server.web.crowds import ANSWERS_WITHIN_S, health_s, held_clients

HANDSHAKE = (
    b"GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\nHost: localhost\r\n"
    b"Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
    b"Sec-WebSocket-Key: eHh4eHh4eHh4eHh4eHh4eA==\r\n\r\n"
)


@contextlib.contextmanager
def connected(web: WebProcess, token: str) -> Iterator[Listener]:
    listener = Listener(web.url).connect(token)
    try:
        yield listener
    finally:
        listener.disconnect()


def test_sockets_that_never_log_in(deployment: Deployment, web: WebProcess) -> None:
    _, token = deployment.add_user()
    with ExitStack() as stack:
        for number in range(1, 4):
            clients = held_clients(web, 70, HANDSHAKE, source=f"127.0.1.{number}")
            stack.enter_context(clients)

        assert health_s(web) < ANSWERS_WITHIN_S
        with connected(web, token):
            pass


@pytest.mark.parametrize(
    "packet",
    ['42["join_job",{"job_id":1}]', '42["unknown"]', "3", "40", "5", "9", '42["join_job"]'],
)
def test_who_floods_is_closed(deployment: Deployment, web: WebProcess, packet: str) -> None:
    """And kept out for a while; the neighbor does not notice."""
    user_id, neighbor = deployment.add_user()
    job_id = deployment.add_job(user_id)
    _, token = deployment.add_user()
    with ExitStack() as stack:
        listener = stack.enter_context(connected(web, neighbor))
        flood = [BareSocket(web.port) for _ in range(5)]
        for bare in flood:
            stack.callback(bare.close)
            assert bare.connect({"token": token}).startswith("40")
        threads = [threading.Thread(target=_send_without_end, args=(b, packet)) for b in flood]
        for thread in threads:
            thread.start()
        kept_out = stack.enter_context(ThreadPoolExecutor(1)).submit(
            wait_for, lambda: _is_refused(web, token), within_s=20, what="new sockets are refused"
        )
        took = []
        for _ in range(20):
            began = time.monotonic()
            listener.join(job_id)
            took.append(time.monotonic() - began)
        for thread in threads:
            thread.join(30)

        assert not any(thread.is_alive() for thread in threads)
        assert median(took) < 0.5
        assert kept_out.result()


def _is_refused(web: WebProcess, token: str) -> bool:
    listener = Listener(web.url)
    try:
        listener.connect(token)
    except Refused:
        return True
    listener.disconnect()
    return False


def _send_without_end(bare: BareSocket, packet: str) -> None:
    with contextlib.suppress(OSError, websocket.WebSocketException):
        while True:
            bare.send(packet)


def test_a_join_for_each_of_many_jobs_is_answered(deployment: Deployment, web: WebProcess) -> None:
    """As a client sends them: all at once, without waiting for answers."""
    user_id, token = deployment.add_user()
    job_id = deployment.add_job(user_id)
    bare = BareSocket(web.port)
    assert bare.connect({"token": token}).startswith("40")
    for number in range(400):
        bare.send(f'42{number}["{events.JOIN_JOB}",{{"job_id":{job_id}}}]')
    answers, ends_at = 0, time.monotonic() + 30

    while answers < 400:
        assert time.monotonic() < ends_at, f"{answers} joins are answered"
        packet = bare.receive()
        answers += packet.startswith("43")
        if packet == "2":
            bare.send("3")
    bare.close()
