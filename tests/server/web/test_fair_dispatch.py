"""A network that sends many requests at once does not hold up those of others: with threads."""

from __future__ import annotations

import itertools

from fnt_server.web.fair_dispatch import (
    MAX_QUEUED,
    MAX_REMEMBERED,
    TURN_S,
    FairDispatch,
    end_turn,
    turn,
)


def dispatch(**waiting: int) -> FairDispatch[str]:
    """Return one with so many requests of each network; `a1` is the second of network `a`."""
    made = FairDispatch[str](each=2, total=3)
    for network, count in waiting.items():
        assert all(made.add(f"{network}{number}", network) for number in range(count))
    return made


def test_a_request_is_answered_although_a_crowd_was_there_first() -> None:
    fair = dispatch(a=100, b=1)

    assert list(fair.begin(0)) == ["a0", "b0", "a1"]


def test_networks_take_turns() -> None:
    fair, begun = dispatch(a=9, b=9, c=9), list[str]()
    for now in itertools.count():
        taken = list(fair.begin(now / 1000))
        if not taken:
            break
        begun += taken
        for request in taken:
            fair.end(request)

    assert begun[:6] == ["a0", "b0", "c0", "a1", "b1", "c1"]
    assert len(begun) == 27
    held = vars(fair)
    assert not any((held["_queues"], held["_turns"], held["_running"]))


def test_who_asked_for_nothing_lately_comes_before_a_crowd_from_everywhere() -> None:
    fair = FairDispatch[str](each=2, total=3)
    many = [f"{number}" for number in range(200)]
    for network in many:
        fair.add(network, network)
    for _ in range(300):  # all have had a turn, and ask again
        taken = list(fair.begin(0))
        for request in taken:
            fair.end(request)
            fair.add(request, request)

    fair.add("other", "other")

    assert next(fair.begin(0)) == "other"


def test_what_is_remembered_is_bounded() -> None:
    fair = FairDispatch[int]()
    for number in range(2 * MAX_REMEMBERED):
        fair.add(number, str(number))
        for request in fair.begin(0):
            fair.end(request)

    assert len(vars(fair)["_served"]) == MAX_REMEMBERED


def test_a_network_has_few_turns_at_a_time_and_all_have_not_many() -> None:
    alone, all_ = dispatch(a=9), dispatch(a=9, b=9)

    assert list(alone.begin(0)) == ["a0", "a1"]
    assert list(all_.begin(0)) == ["a0", "b0", "a1"]
    assert list(all_.begin(0)) == []
    all_.end("b0")
    assert list(all_.begin(0)) == ["b1"]


def test_a_long_request_does_not_keep_its_turn() -> None:
    fair = dispatch(a=5)
    list(fair.begin(0))

    assert fair.due_in_s(0) == TURN_S
    assert list(fair.begin(TURN_S)) == ["a2", "a3"]
    fair.end("a0")
    assert list(fair.begin(TURN_S)) == []


def test_a_network_has_a_bounded_queue() -> None:
    fair = dispatch(a=MAX_QUEUED)

    assert not fair.add("one more", "a")
    assert fair.add("another", "b")


def test_a_request_that_is_going_to_wait_ends_its_turn_once() -> None:
    ended = list[str]()
    with turn(lambda: ended.append("it")):
        end_turn()
        end_turn()
    with turn(lambda: ended.append("not this")):
        pass
    end_turn()

    assert ended == ["it"]


def test_logins_from_everywhere_leave_the_turns_of_others() -> None:
    fair = FairDispatch[str](each=2, total=3, logins=1)
    for number in range(300):
        fair.add(f"login {number}", f"{number}", is_login=True)
    fair.add("other", "other")
    assert list(fair.begin(0)) == ["login 0", "other"]

    assert list(fair.begin(0)) == []
    fair.end("login 0")

    assert list(fair.begin(0)) == ["login 1"]


def test_others_leave_logins_their_turns() -> None:
    fair = FairDispatch[str](each=2, total=3, logins=1)
    for number in range(300):
        fair.add(f"{number}", f"{number}")
    fair.add("login", "0", is_login=True)

    assert "login" in list(fair.begin(0))
