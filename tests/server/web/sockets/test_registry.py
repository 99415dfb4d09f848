"""The registry of sockets and their identities."""

from __future__ import annotations

import time
from dataclasses import replace
from functools import partial

from fnt_server.auth.logins import Identity
from fnt_server.config.socket_limits import SocketLimits
from fnt_server.web.sockets.registry import SocketRegistry
from server.records import at_once


def identity(user_id: int = 1, *, left_s: float = 60.0) -> Identity:
    return Identity(user_id=user_id, login_id="s", token_id=None, ends_at=time.time() + left_s)


def test_admit_holds_the_caps_of_house_and_user() -> None:
    deployment = SocketRegistry(SocketLimits(max_sockets=3, max_sockets_per_user=2))

    admitted = [
        deployment.register(f"s{k}", identity(user)) for k, user in enumerate((1, 1, 1, 2, 3))
    ]

    assert admitted == [True, True, False, True, False]
    assert set(deployment.all()) == {"s0", "s1", "s3"}


def test_admit_by_many_at_once_lets_in_no_more_than_the_cap() -> None:
    deployment = SocketRegistry(SocketLimits(max_sockets=5, max_sockets_per_user=5))

    admitted = at_once([partial(deployment.register, f"s{k}", identity()) for k in range(20)])

    assert admitted.count(True) == 5


def test_forget_frees_the_place_once() -> None:
    deployment = SocketRegistry(SocketLimits(max_sockets=2, max_sockets_per_user=1))
    deployment.register("a", identity(1))
    deployment.register("b", identity(2))

    for _ in range(3):
        deployment.unregister("a")
        deployment.unregister("unknown")

    assert deployment.identity("a") is None
    assert deployment.register("c", identity(1))
    assert not deployment.register("d", identity(2))
    assert not deployment.register("e", identity(3))


def test_identity_ends_with_its_token() -> None:
    deployment = SocketRegistry(SocketLimits(max_sockets=2, max_sockets_per_user=2))
    deployment.register("a", identity(left_s=-1))
    deployment.register("b", identity())

    assert deployment.identity("a") is None
    assert deployment.identity("b") is not None
    assert deployment.identity("c") is None


def test_extend_takes_only_a_later_token_of_a_known_socket() -> None:
    deployment = SocketRegistry(SocketLimits(max_sockets=2, max_sockets_per_user=2))
    first = identity()
    later = replace(first, login_id="new", ends_at=first.ends_at + 60)
    deployment.register("a", first)

    deployment.extend("a", replace(first, ends_at=first.ends_at - 30))
    assert deployment.identity("a") == first
    deployment.extend("a", later)
    deployment.extend("gone", later)

    assert deployment.all() == {"a": later}


def test_all_is_a_copy() -> None:
    deployment = SocketRegistry(SocketLimits(max_sockets=2, max_sockets_per_user=2))
    deployment.register("a", identity())

    deployment.all().clear()

    assert deployment.identity("a")
