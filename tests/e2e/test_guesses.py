"""Passwords guessed against a real server, from addresses of this machine."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable

import httpx

from e2e.harness import PASSWORD, ServerProcess
from e2e.test_tokens import manage
from fnt.wire import paths
from server.records import at_once

OWNER, NEIGHBOR = "owner@example.org", "neighbor@example.org"


def log_in(server: ServerProcess, email: str, password: str, *, address: str) -> int:
    transport = httpx.HTTPTransport(local_address=address)
    with httpx.Client(base_url=server.url, transport=transport, timeout=60) as client:
        body = {"email": email, "password": password}
        return client.post(paths.LOGIN, json=body).status_code


def test_guesses_at_once_are_looked_at_up_to_the_limit(
    make_server: Callable[..., ServerProcess],
) -> None:
    server = make_server()
    for email in (OWNER, NEIGHBOR):
        server.add_user(email)

    def guess(number: int) -> int:
        return log_in(server, OWNER, f"guess {number}", address="127.0.0.1")

    def neighbor() -> int:
        return log_in(server, NEIGHBOR, PASSWORD, address="127.0.0.2")

    answers = at_once([neighbor, *(lambda k=k: guess(k) for k in range(58))])

    assert answers[0] == 200
    counts = Counter(answers[1:])
    assert 1 <= counts[401] <= 10
    assert set(counts) <= {401, 429, 503}
    logged = manage(server, "audit", OWNER, "--json").stdout.splitlines()
    assert len([line for line in logged if json.loads(line)["event"] == "login_failed"]) <= 10


def test_guesses_lock_nobody_out_of_where_they_logged_in_before_a_restart(
    make_server: Callable[..., ServerProcess],
) -> None:
    server = make_server()
    server.add_user(OWNER)
    assert log_in(server, OWNER, PASSWORD, address="127.0.0.2") == 200
    server.stop()
    server.start()

    guesses = [log_in(server, OWNER, "guess", address=f"127.0.0.{k}") for k in range(10, 21)]

    assert guesses == [401] * 10 + [429]
    assert log_in(server, OWNER, PASSWORD, address="127.0.0.3") == 429
    assert log_in(server, OWNER, PASSWORD, address="127.0.0.2") == 200
