"""A network that sends many requests at once does not hold up those of others: with greenlets."""

from __future__ import annotations

import pytest

pytest.importorskip("gevent")

import gevent

from fnt_server.web.fair_dispatch import MAX_QUEUED, TOGETHER
from fnt_server.web.fair_turns import FairTurns, Full


def test_a_request_comes_before_most_of_those_that_were_there_first() -> None:
    fair, begun = FairTurns(), list[str]()

    def request(network: str) -> None:
        with fair.turn(network):
            begun.append(network)
            gevent.sleep(0)

    many = [gevent.spawn(request, "203.0.113.0") for _ in range(100)]
    other = gevent.spawn(request, "198.51.100.0")
    gevent.joinall([*many, other], timeout=10, raise_error=True)

    assert len(begun) == 101
    assert begun.index("198.51.100.0") <= 2 * TOGETHER


def test_requests_that_wait_do_not_keep_their_turns() -> None:
    fair, begun = FairTurns(), list[int]()

    def request(number: int) -> None:
        with fair.turn("203.0.113.0"):
            begun.append(number)
            gevent.sleep(30)

    many = [gevent.spawn(request, number) for number in range(3 * TOGETHER)]
    with gevent.Timeout(10):
        while len(begun) < len(many):
            gevent.sleep(0.05)
    gevent.killall(many)


def test_a_network_has_a_bounded_queue() -> None:
    fair, refused = FairTurns(), list[int]()

    def request(number: int) -> None:
        try:
            with fair.turn("203.0.113.0"):
                gevent.sleep(30)
        except Full:
            refused.append(number)

    # On a slow machine some turns end before the last request asks.
    many = [gevent.spawn(request, number) for number in range(4 * MAX_QUEUED)]
    with gevent.Timeout(10):
        while not refused:
            gevent.sleep(0.01)
    gevent.killall(many)

    assert refused[0] >= MAX_QUEUED
