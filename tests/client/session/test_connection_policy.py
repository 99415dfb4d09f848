"""When to connect, poll, and give up, with a fake clock."""

from __future__ import annotations

import math

import pytest

from fnt.errors import TemporaryError
from fnt.progress import RESTARTING, LinkState, LinkStatus
from fnt.session.connection_policy import ConnectionPolicy
from fnt.session.options import WatchOptions
from fnt.session.reconnect_timing import ReconnectTiming

PACE = ReconnectTiming()
DOWN = TemporaryError("no live connection")
BUSY = TemporaryError("no socket to spare", code="BUSY")


def make_link(*, transport="auto", random=1.0, give_up_s=600.0):
    options = WatchOptions(transport=transport, give_up_s=give_up_s)
    return ConnectionPolicy(options, timing=PACE, random=lambda: random, now=0.0)


def fail(link, now, error=DOWN):
    """Make one attempt that fails at once; return the delay before the next."""
    link.attempt_started(now)
    link.failed(now, error)
    return link.wake_at(now) - now


def fail_next(link, now, error=DOWN):
    """Wait until the next attempt is due, and let it fail."""
    while not link.wants_socket(now):
        now += 0.01
    link.attempt_started(now)
    link.failed(now, error)
    return now


def test_link_tries_at_once():
    link = make_link()

    assert link.wants_socket(0.0)
    assert link.state(0.0).status is LinkStatus.CONNECTING


def test_link_live_needs_nothing():
    link = make_link()
    link.attempt_started(0.0)
    link.opened(0.1)

    assert link.is_live
    assert link.state(99.0) == LinkState(status=LinkStatus.LIVE)
    assert not link.wants_socket(99.0)
    assert not link.wants_poll(99.0)
    assert not link.gives_up(9999.0)
    assert link.wake_at(0.1) == math.inf


def test_link_pauses_double_up_to_a_bound():
    link = make_link(transport="ws", random=1.0)

    assert [fail(link, 100.0) for _ in range(5)] == [1.0, 2.0, 4.0, 4.0, 4.0]


def test_link_pauses_are_full_jitter():
    link = make_link(transport="ws", random=0.0)

    assert [fail(link, 0.0) for _ in range(5)] == [0.0] * 5


def test_link_shows_its_countdown():
    link = make_link()
    fail(link, 10.0)
    fail(link, 11.0)

    state = link.state(11.0)

    assert (state.status, state.attempt, state.retry_at) == (LinkStatus.RECONNECTING, 2, 13.0)
    assert state.reason == "no live connection"
    link.attempt_started(13.0)
    assert link.state(13.0).retry_at is None


def test_link_that_never_was_connected_is_shown_as_such():
    link = make_link()
    fail(link, 10.0)
    fail(link, 11.0)
    assert link.state(11.0).is_first

    link.attempt_started(13.0)
    link.opened(13.0)
    link.lost(14.0, "reset")

    assert not link.state(14.0).is_first


def test_link_hanging_attempt_is_joined_by_another():
    link = make_link()
    link.attempt_started(0.0)

    assert not link.wants_socket(3.9)
    assert link.wants_socket(4.0)
    link.attempt_started(4.0)
    link.failed(5.0, DOWN)
    assert not link.wants_socket(7.9)
    assert link.wants_socket(8.0)


def test_link_polls_after_five_failures():
    link = make_link(random=0.0)
    for _ in range(4):
        fail(link, 1.0)
    assert not link.wants_poll(1.0)

    fail(link, 1.0)

    assert link.wants_poll(1.0)


def test_link_polls_after_ten_seconds_without_a_socket():
    link = make_link()
    link.attempt_started(0.0)

    assert not link.wants_poll(9.9)
    assert link.wants_poll(10.0)
    assert link.wake_at(9.0) == 4.0


def test_link_polls_after_ten_seconds_of_a_lost_socket():
    link = make_link()
    link.attempt_started(0.0)
    link.opened(0.0)
    link.lost(100.0, "gone")
    link.attempt_started(100.5)

    assert not link.wants_poll(109.9)
    assert link.wants_poll(110.0)


def test_link_polls_less_often_without_news():
    link = make_link(transport="poll")
    pauses, now = [], 0.0
    for _ in range(7):
        assert link.wants_poll(now)
        link.poll_started()
        assert not link.wants_poll(now + 99)
        link.polled(now, has_news=False)
        pauses.append(link.wake_at(now) - now)
        now = link.wake_at(now)

    assert pauses[:3] == pytest.approx([3.0, 4.5, 6.75])
    assert pauses[-1] == pytest.approx(10.0)
    link.polled(now, has_news=True)
    assert link.wake_at(now) - now == pytest.approx(2.0)


def test_link_poll_honors_retry_after():
    link = make_link(transport="poll")
    link.poll_started()

    link.poll_failed(5.0, TemporaryError("slow down", retry_after_s=30.0))

    assert link.wake_at(5.0) == 35.0


@pytest.mark.parametrize("seconds", [math.inf, 1e12])
def test_link_limits_the_delay_a_server_may_request(seconds):
    link = make_link(transport="poll")

    link.poll_failed(0.0, TemporaryError("slow down", retry_after_s=seconds))

    assert link.wake_at(0.0) == 120.0


@pytest.mark.parametrize("seconds", [math.nan, -5.0])
def test_link_ignores_invalid_delays(seconds):
    link = make_link(random=0.0)

    link.attempt_started(1.0)
    link.failed(1.0, TemporaryError("x", retry_after_s=seconds))

    assert link.wants_socket(1.0)


def test_link_polling_shows_both_clocks():
    link = make_link()
    now = 0.0
    for _ in range(5):
        now = fail_next(link, now)
    assert link.state(now).status is LinkStatus.RECONNECTING
    link.poll_started()
    link.polled(now, has_news=True)

    state = link.state(now)

    assert (state.status, state.poll_every_s) == (LinkStatus.POLLING, 2.0)
    assert state.retry_at is not None


def test_link_goes_back_to_the_socket_from_polling():
    link = make_link()
    now = 0.0
    for _ in range(6):
        now = fail_next(link, now)
    link.attempt_started(now + 4)
    link.opened(now + 4)

    assert link.state(now + 4).status is LinkStatus.LIVE
    assert not link.wants_poll(now + 99)


def test_link_restored_is_tried_within_five_seconds_however_long_it_was_down():
    link = make_link()
    now = 0.0
    for _ in range(60):
        earlier, now = now, fail_next(link, now)
        assert now - earlier <= 4.1


def test_link_is_tried_less_often_while_polling_works():
    link = make_link()
    now = 0.0
    for _ in range(9):
        now = fail_next(link, now)
        link.polled(now, has_news=False)
    later = fail_next(link, now)

    assert later - now == pytest.approx(15.0, abs=0.1)


def test_link_busy_server_is_left_alone_for_longer():
    link = make_link()
    now = 0.0
    for _ in range(6):
        now = fail_next(link, now, BUSY)
    later = fail_next(link, now, BUSY)

    assert later - now == pytest.approx(15.0, abs=0.1)


def test_link_stable_socket_forgets_old_failures():
    link = make_link()
    fail(link, 0.0)
    fail(link, 0.0)
    link.attempt_started(2.0)
    link.opened(2.0)

    link.lost(7.0, "gone")

    assert link.state(7.0).attempt == 0
    assert link.wake_at(7.0) == 7.5


def test_link_flapping_socket_backs_off_and_polls():
    link, now = make_link(), 0.0
    for _ in range(5):
        link.attempt_started(now)
        link.opened(now)
        link.lost(now + 0.2, "reset")
        now = link.wake_at(now + 0.2)

    assert link.wants_poll(now)


def test_link_ws_never_polls():
    link = make_link(transport="ws")
    for _ in range(9):
        fail(link, 0.0)

    assert not link.wants_poll(9999.0)


def test_link_poll_never_opens_a_socket():
    link = make_link(transport="poll")

    assert not link.wants_socket(9999.0)
    assert link.wants_poll(0.0)
    assert link.state(0.0).retry_at is None


def test_link_draining_server_is_left_and_tried_when_it_said():
    link = make_link(random=0.0)
    link.attempt_started(0.0)
    link.opened(0.0)
    link.draining(10.0, 5.0)
    assert not link.wants_to_leave(14.9)
    assert link.wants_to_leave(15.0)

    link.lost(11.0, "closed")

    assert not link.wants_socket(14.9)
    assert link.wants_socket(15.0)


def test_link_tells_a_restart_that_was_announced_until_a_try_has_failed():
    link = make_link()
    link.attempt_started(0.0)
    link.opened(0.0)
    link.draining(10.0, 5.0)
    link.lost(11.0, "closed")
    assert link.state(11.0).reason == RESTARTING

    link.attempt_started(15.0)
    link.failed(15.0, TemporaryError("connection refused"))

    assert link.state(15.0).reason == "connection refused"


def test_link_gives_up_with_neither_socket_nor_poll():
    link = make_link(give_up_s=60.0)
    link.attempt_started(0.0)
    assert not link.gives_up(59.0)
    assert link.gives_up(60.0)

    link.polled(50.0, has_news=False)

    assert not link.gives_up(109.0)
    assert link.gives_up(110.0)


def test_link_with_zero_never_gives_up():
    link = make_link(give_up_s=0.0)
    link.attempt_started(0.0)

    assert not link.gives_up(1e9)


def test_link_idle_time_does_not_count_as_silence():
    link = make_link(give_up_s=60.0)

    link.idle(50.0)

    assert not link.gives_up(100.0)


def test_link_idle_does_not_wake_up_immediately():
    link = make_link(transport="poll")

    link.idle(50.0)

    assert link.wake_at(50.0) == 50.5


def test_link_lost_twice_is_lost_once():
    link = make_link()
    link.attempt_started(0.0)
    link.opened(0.0)
    link.lost(1.0, "gone")

    link.lost(9.0, "gone again")

    assert link.state(9.0).reason == "gone"
