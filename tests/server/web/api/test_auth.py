"""Login over REST: responses, refusals and rate limits."""

from __future__ import annotations

import json
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import jwt
import pytest
from flask import Flask

from fnt.wire import paths
from fnt_server.auth import password_hashing
from fnt_server.auth.tokens import load_key
from fnt_server.config.token_lifetimes import REPLAY_WINDOW_S
from fnt_server.db.models import AccessToken, Login
from fnt_server.web.api.auth import limiter
from fnt_server.web.fair_dispatch import turn
from server.aging import make_older
from server.api_client import PASSWORD, ApiUser, assert_refused, make_api_user, services_of
from server.forgery import forgeries
from server.records import at_once

# One database: hashing passwords takes its time, and the accounts' own tests know both.
pytestmark = pytest.mark.parametrize("app", ["sqlite"], indirect=True)


@pytest.fixture(autouse=True)
def fresh_limits(app: Flask) -> Iterator[None]:
    yield
    with app.app_context():
        limiter.reset()


@pytest.fixture
def ann(app: Flask) -> ApiUser:
    return make_api_user(app, password=True)


def log_in(caller: ApiUser) -> dict[str, Any]:
    response = caller.post(paths.LOGIN, json={"email": caller.email, "password": PASSWORD})
    assert response.status_code == 200, response.text
    answer: dict[str, Any] = response.json
    caller.token = answer["access_token"]
    return answer


def refresh(caller: ApiUser, token: str) -> Any:
    return caller.post(paths.REFRESH, headers={"Authorization": f"Bearer {token}"})


def test_login_answers_a_pair_and_who_it_is(ann: ApiUser) -> None:
    answer = log_in(ann)

    assert set(answer) == {"access_token", "refresh_token", "expires_in", "user"}
    assert answer["expires_in"] == 900
    assert set(answer["user"]) == {"id", "email", "name"}
    stored = {"used_bytes": 0, "quota_bytes": 10_000 * 1024 * 1024}
    assert ann.get(paths.ME).json == {**answer["user"], **stored}


@pytest.mark.parametrize(
    "content",
    [
        {"email": "nobody@example.org", "password": PASSWORD},
        {"email": "a\0b@example.org", "password": PASSWORD},
        {"email": "\ud800@example.org", "password": "\ud800"},
        {"email": "' OR '1'='1", "password": "x"},
    ],
)
def test_login_refuses_wrong_credentials_all_alike(ann: ApiUser, content: dict[str, str]) -> None:
    wrong = ann.post(paths.LOGIN, json={"email": ann.email, "password": "wrong"})

    other = ann.post(paths.LOGIN, data=json.dumps(content), content_type="application/json")

    assert assert_refused(wrong, 401, "BAD_CREDENTIALS") == assert_refused(
        other, 401, "BAD_CREDENTIALS"
    )


@pytest.mark.parametrize(
    "body",
    ["", "[]", "[1]", '"x"', "1", "null", "{", '{"email": 1, "password": 2}', '{"email": "a@b"}'],
)
def test_login_refuses_other_bodies(ann: ApiUser, body: str) -> None:
    response = ann.post(paths.LOGIN, data=body, content_type="application/json")

    assert_refused(response, 400, "BAD_REQUEST")


def test_a_user_may_call_themselves_admin_in_vain(ann: ApiUser) -> None:
    content = {"email": ann.email, "password": PASSWORD, "id": 1, "is_admin": True}
    answer = ann.post(paths.LOGIN, json=content).json

    assert answer["user"]["email"] == ann.email


def test_refresh_answers_the_same_successor_for_a_while(ann: ApiUser) -> None:
    first = log_in(ann)["refresh_token"]

    once, again = refresh(ann, first).json, refresh(ann, first).json

    assert once["refresh_token"] == again["refresh_token"] != first
    assert refresh(ann, once["refresh_token"]).status_code == 200


def test_refresh_with_a_stolen_token_ends_the_login(ann: ApiUser, app: Flask) -> None:
    first = log_in(ann)["refresh_token"]
    newer = refresh(ann, first).json
    make_older(services_of(app).database, Login.rotated_at, seconds=REPLAY_WINDOW_S + 1)

    assert_refused(refresh(ann, first), 401, "TOKEN_INVALID")
    assert_refused(refresh(ann, newer["refresh_token"]), 401, "TOKEN_INVALID")
    ann.token = newer["access_token"]
    assert_refused(ann.get(paths.ME), 401, "TOKEN_INVALID")


def test_refresh_takes_no_other_token(ann: ApiUser, app: Flask) -> None:
    access = log_in(ann)["access_token"]

    assert_refused(refresh(ann, access), 401, "TOKEN_INVALID")
    assert_refused(refresh(ann, make_api_user(app).token or ""), 401, "TOKEN_INVALID")
    ann.token = None
    assert_refused(ann.post(paths.REFRESH), 401, "NOT_LOGGED_IN")


def test_logout_ends_this_login_alone(ann: ApiUser) -> None:
    here, there = log_in(ann), log_in(ann)

    assert ann.post(paths.LOGOUT).status_code == 200

    assert_refused(ann.get(paths.ME), 401, "TOKEN_INVALID")
    assert_refused(refresh(ann, there["refresh_token"]), 401, "TOKEN_INVALID")
    ann.token = here["access_token"]
    assert ann.get(paths.ME).status_code == 200


def test_logout_with_all_ends_every_login(ann: ApiUser) -> None:
    here, _ = log_in(ann), log_in(ann)

    assert ann.post(paths.LOGOUT, json={"all": True}).status_code == 200

    ann.token = here["access_token"]
    assert_refused(ann.get(paths.ME), 401, "TOKEN_INVALID")


@pytest.mark.parametrize("all_", [1, "yes", None, []])
def test_logout_refuses_an_odd_all(ann: ApiUser, all_: object) -> None:
    log_in(ann)

    assert_refused(ann.post(paths.LOGOUT, json={"all": all_}), 400, "BAD_REQUEST")
    assert ann.get(paths.ME).status_code == 200


@pytest.mark.parametrize(
    ("header", "code"),
    [
        (None, "NOT_LOGGED_IN"),
        ("", "NOT_LOGGED_IN"),
        ("Bearer", "NOT_LOGGED_IN"),
        ("Bearer  ", "NOT_LOGGED_IN"),
        ("Basic YTpi", "NOT_LOGGED_IN"),
        ("Bearer x", "TOKEN_INVALID"),
        ("bearer fnt_x", "TOKEN_INVALID"),
        ("Bearer \xff\xfe", "TOKEN_INVALID"),
        ("Bearer " + "x" * 100_000, "TOKEN_INVALID"),
    ],
)
def test_a_request_without_good_token_is_401(ann: ApiUser, header: str | None, code: str) -> None:
    headers = {} if header is None else {"Authorization": header}

    assert_refused(ann.get(paths.ME, headers=headers), 401, code)


def test_forged_tokens_are_401(ann: ApiUser, app: Flask) -> None:
    good = jwt.decode(log_in(ann)["access_token"], options={"verify_signature": False})
    key_file = services_of(app).config.secret_key_file
    assert key_file
    for name, token in forgeries(load_key(key_file), good).items():
        ann.token = token

        response = ann.get(
            paths.ME, headers={"Authorization": f"Bearer {token}".encode().decode("latin-1")}
        )

        assert response.status_code == 401, name
        assert_refused(response, 401, response.json["error_code"])


def test_a_personal_token_lives_as_long_as_it_says(app: Flask) -> None:
    bob = make_api_user(app)
    assert bob.get(paths.ME).json["email"] == bob.email

    make_older(services_of(app).database, AccessToken.ends_at, seconds=2 * 86400)

    assert_refused(bob.get(paths.ME), 401, "TOKEN_EXPIRED")


def attempt(caller: ApiUser, email: str, **options: Any) -> Any:
    return caller.post(paths.LOGIN, json={"email": email, "password": "wrong"}, **options)


def test_login_may_be_tried_ten_times_a_minute_from_one_address(app: Flask, ann: ApiUser) -> None:
    answers = [attempt(ann, f"x{k}@example.org") for k in range(10)]
    assert {answer.status_code for answer in answers} == {401}

    refused = attempt(ann, "x@example.org", headers={"X-Forwarded-For": "10.9.9.9"})

    assert_refused(refused, 429, "RATE_LIMITED")
    assert int(refused.headers["Retry-After"]) in range(1, 61)
    assert len(refused.headers.getlist("Retry-After")) == 1
    elsewhere = make_api_user(app, password=True)
    assert log_in(elsewhere)


def test_addresses_of_one_ipv6_subscriber_share_a_limit(app: Flask, ann: ApiUser) -> None:
    for k in range(10):
        ann.address = f"2001:db8:1:1::{k + 1:x}"
        attempt(ann, f"x{k}@example.org")

    ann.address = "2001:db8:1:1:ffff::"
    assert_refused(attempt(ann, "x@example.org"), 429, "RATE_LIMITED")
    ann.address = "2001:db8:1:2::1"
    assert attempt(ann, "x@example.org").status_code == 401


def test_login_may_be_tried_ten_times_a_minute_for_one_user(app: Flask, ann: ApiUser) -> None:
    """From anywhere, and however the address is written."""
    for k in range(10):
        attempt(make_api_user(app), ann.email.upper() if k % 2 else f" {ann.email}")

    assert_refused(attempt(make_api_user(app), ann.email), 429, "RATE_LIMITED")


def test_only_a_refusal_says_when_to_come_back(ann: ApiUser) -> None:
    well = ann.post(paths.LOGIN, json={"email": ann.email, "password": PASSWORD})

    assert "Retry-After" not in well.headers
    assert "Retry-After" not in attempt(ann, ann.email).headers


def test_logging_in_well_is_not_counted_as_a_try(ann: ApiUser) -> None:
    for _ in range(12):
        log_in(ann)


def test_guesses_sent_together_are_looked_at_up_to_the_limit(ann: ApiUser) -> None:
    answers = at_once([lambda k=k: attempt(ann, f"x{k}@example.org") for k in range(58)])

    counts = Counter(answer.status_code for answer in answers)
    assert set(counts) == {401, 429}
    assert counts[401] <= 10  # fewer where hashing takes long: those that waited are refused too


def test_wrong_passwords_from_elsewhere_do_not_lock_out_where_one_logged_in(
    app: Flask, ann: ApiUser
) -> None:
    pair = log_in(ann)
    for _ in range(11):
        last = attempt(make_api_user(app), ann.email)
    assert_refused(last, 429, "RATE_LIMITED")

    assert refresh(ann, pair["refresh_token"]).status_code == 200
    assert log_in(ann)
    for k in range(11):  # a neighbor at the same address
        last = attempt(ann, f"x{k}@example.org")
    assert_refused(last, 429, "RATE_LIMITED")
    assert log_in(ann)
    for _ in range(10):
        attempt(ann, ann.email)
    assert_refused(attempt(ann, ann.email), 429, "RATE_LIMITED")


def test_passwords_wait_for_their_turn_and_then_are_refused(
    ann: ApiUser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(password_hashing, "WAIT_FOR_HASHING_S", 0.05)
    with ExitStack() as stack:
        for _ in range(password_hashing.HASHES_AT_ONCE):
            stack.enter_context(password_hashing._slots)
        refused = [attempt(ann, ann.email) for _ in range(12)]

    for each in refused:
        assert_refused(each, 429, "RATE_LIMITED")
        assert each.headers["Retry-After"] == "5"
    assert log_in(ann)


def test_more_passwords_than_get_their_turn_are_refused_at_once(ann: ApiUser) -> None:
    with ExitStack() as stack:
        for _ in range(password_hashing.HASHES_AT_ONCE + password_hashing.MAX_WAITING):
            stack.enter_context(password_hashing._places)
        for _ in range(12):
            assert_refused(attempt(ann, ann.email), 429, "RATE_LIMITED")

    assert log_in(ann)


def test_who_waits_for_the_passwords_of_others_keeps_nobody_from_their_turn(
    ann: ApiUser, monkeypatch: pytest.MonkeyPatch
) -> None:
    ended = threading.Event()
    had_ended = []

    class FullSlots:
        def acquire(self, *, timeout: float) -> bool:
            had_ended.append(ended.is_set())
            return False

    monkeypatch.setattr(password_hashing, "_slots", FullSlots())
    with turn(ended.set):
        assert_refused(attempt(ann, ann.email), 429, "RATE_LIMITED")

    assert had_ended == [True]


def change_password(caller: ApiUser, old: str, new: str) -> Any:
    body = {"email": caller.email, "password": old, "new_password": new}
    return caller.post(paths.PASSWORD, json=body)


def test_a_changed_password_ends_all_logins_but_the_new_one(ann: ApiUser) -> None:
    before = log_in(ann)

    answer = change_password(ann, PASSWORD, "battery of horses")

    assert answer.status_code == 200, answer.text
    assert_refused(refresh(ann, before["refresh_token"]), 401, "TOKEN_INVALID")
    assert refresh(ann, answer.json["refresh_token"]).status_code == 200
    body = {"email": ann.email, "password": PASSWORD}
    assert_refused(ann.post(paths.LOGIN, json=body), 401, "BAD_CREDENTIALS")
    body["password"] = "battery of horses"
    assert ann.post(paths.LOGIN, json=body).status_code == 200


def test_a_password_is_not_changed_to_a_weak_one_nor_without_the_old_one(ann: ApiUser) -> None:
    for weak in ("short", "qwertyuiop", ann.email):
        assert_refused(change_password(ann, PASSWORD, weak), 400, "WEAK_PASSWORD")
    assert log_in(ann)

    for _ in range(10):
        refused = change_password(ann, "wrong", "battery of horses")
        assert_refused(refused, 401, "BAD_CREDENTIALS")

    assert_refused(change_password(ann, "wrong", "battery of horses"), 429, "RATE_LIMITED")
