"""Who is at the other end of each socket."""

from __future__ import annotations

import time
from dataclasses import replace
from functools import partial

from fnt_server.auth.sessions import Identity
from fnt_server.web.sockets.registry import Connections
from server.records import at_once


def identity(user_id: int = 1, *, left_s: float = 60.0) -> Identity:
    return Identity(user_id=user_id, login_id="s", token_id=None, ends_at=time.time() + left_s)


def test_admit_holds_the_caps_of_house_and_user() -> None:
    house = Connections(max_total=3, max_per_user=2)

    admitted = [house.admit(f"s{k}", identity(user)) for k, user in enumerate((1, 1, 1, 2, 3))]

    assert admitted == [True, True, False, True, False]
    assert set(house.all()) == {"s0", "s1", "s3"}


def test_admit_by_many_at_once_lets_in_no_more_than_the_cap() -> None:
    house = Connections(max_total=5, max_per_user=5)

    admitted = at_once([partial(house.admit, f"s{k}", identity()) for k in range(20)])

    assert admitted.count(True) == 5


def test_forget_frees_the_place_once() -> None:
    house = Connections(max_total=2, max_per_user=1)
    house.admit("a", identity(1))
    house.admit("b", identity(2))

    for _ in range(3):
        house.forget("a")
        house.forget("unknown")

    assert house.identity("a") is None
    assert house.admit("c", identity(1))
    assert not house.admit("d", identity(2))
    assert not house.admit("e", identity(3))


def test_identity_ends_with_its_token() -> None:
    house = Connections(max_total=2, max_per_user=2)
    house.admit("a", identity(left_s=-1))
    house.admit("b", identity())

    assert house.identity("a") is None
    assert house.identity("b") is not None
    assert house.identity("c") is None


def test_extend_takes_only_a_later_token_of_a_known_socket() -> None:
    house, first = Connections(max_total=2, max_per_user=2), identity()
    later = replace(first, login_id="new", ends_at=first.ends_at + 60)
    house.admit("a", first)

    house.extend("a", replace(first, ends_at=first.ends_at - 30))
    assert house.identity("a") == first
    house.extend("a", later)
    house.extend("gone", later)

    assert house.all() == {"a": later}


def test_all_is_a_copy() -> None:
    house = Connections(max_total=2, max_per_user=2)
    house.admit("a", identity())

    house.all().clear()

    assert house.identity("a")
