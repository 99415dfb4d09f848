"""The event loop of the threaded worker: connections that are displaced while they send."""

from __future__ import annotations

import selectors
import socket
from collections.abc import Iterator
from contextlib import ExitStack, closing

import pytest
from gunicorn.config import Config

from fnt_server.web.eviction_pool import EvictionPool
from fnt_server.web.fair_dispatch import FairDispatch
from fnt_server.web.lingering_close import LingeringCloser
from fnt_server.web.thread_worker import DrainingThreadWorker


class Worker(DrainingThreadWorker):
    """Only the event loop, with room for one connection that waits."""

    def __init__(self, listener: socket.socket) -> None:
        self.cfg = Config()
        self.poller = selectors.DefaultSelector()
        self.poller.register(listener, selectors.EVENT_READ, self.accept)
        self.nr_conns = 0
        self._closer = LingeringCloser()
        self._turns = FairDispatch()
        self._has_proxy = False
        self._stalled_after_s = 20.0
        self._waiting = EvictionPool(capacity=1, per_address=1)


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    with closing(socket.create_server(("127.0.0.1", 0))) as opened:
        opened.setblocking(False)
        yield opened


@pytest.mark.parametrize("sent", [b"", b"G"], ids=["the end", "a byte"])
def test_who_is_displaced_while_something_arrives_is_counted_once(
    listener: socket.socket, sent: bytes
) -> None:
    worker = Worker(listener)
    with ExitStack() as stack:
        for _ in range(5):
            first, second = (
                stack.enter_context(socket.create_connection(listener.getsockname()))
                for _ in range(2)
            )
            worker.wait_for_and_dispatch_events(1)  # accepts the first of them
            first.sendall(sent) if sent else first.shutdown(socket.SHUT_WR)
            worker.wait_for_and_dispatch_events(1)  # the second, which displaces it

            assert worker.nr_conns == len(worker._waiting) == 1
            second.close()
            worker.wait_for_and_dispatch_events(1)
            assert worker.nr_conns == len(worker._waiting) == 0
    worker.poller.close()
