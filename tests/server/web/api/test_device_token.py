"""RFC 8628 as devices see it: codes, polls, tokens once."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

import pytest
from flask import Flask
from sqlalchemy import select

from fnt.wire import paths
from fnt.wire.device import ALPHABET, CLIENT_ID, GRANT_TYPE
from fnt_server.auth import users
from fnt_server.db.models import DeviceLogin
from fnt_server.web.api.rate_limits import limiter
from fnt_server.web.janitor import delete_ended_logins
from server.aging import make_older
from server.api_client import PASSWORD, ApiUser, make_api_user, services_of
from server.device_flow import Browser, Device
from server.records import at_once


@pytest.fixture(autouse=True)
def fresh_limits(app: Flask) -> Iterator[None]:
    yield
    with app.app_context():
        limiter.reset()


@pytest.fixture
def ann(app: Flask) -> ApiUser:
    return make_api_user(app, password=True)


def answer(app: Flask, person: ApiUser, device: Device, *, word: str = "approve") -> None:
    visitor = Browser(app, person)
    visitor.sign_in()
    visitor.type_code(device.code)
    assert visitor.send(action=word).status_code == 200


def let_time_pass(app: Flask, *, seconds: float = 6) -> None:
    make_older(services_of(app).database, DeviceLogin.polled_at, seconds=seconds)


def test_codes_are_as_the_rfc_has_them(app: Flask) -> None:
    response = app.test_client().post(paths.DEVICE_CODE, data={"client_id": CLIENT_ID})

    given = response.json
    assert response.headers["Cache-Control"] == "no-store"
    assert re.fullmatch(f"[{ALPHABET}]{{4}}-[{ALPHABET}]{{4}}", given["user_code"])
    assert given["verification_uri"] == "http://localhost/device"
    assert (given["expires_in"], given["interval"]) == (600, 5)
    assert len(given["device_code"]) >= 40
    assert "verification_uri_complete" not in given  # whoever sends a link would fill the code in


def test_neither_code_is_kept(app: Flask) -> None:
    device = Device(app)
    with services_of(app).database.read() as session:
        rows = session.scalars(select(DeviceLogin)).all()
    kept = " ".join(str(value) for row in rows for value in vars(row).values())

    assert device.answer["device_code"] not in kept
    assert device.code not in kept
    assert device.code.replace("-", "") not in kept


def test_a_device_gets_tokens_when_it_was_let_in(app: Flask, ann: ApiUser) -> None:
    device = Device(app)
    assert device.poll_error() == "authorization_pending"

    answer(app, ann, device)
    tokens = device.poll()

    assert tokens.status_code == 200
    assert tokens.headers["Cache-Control"] == "no-store"
    assert tokens.json["token_type"] == "Bearer"
    assert tokens.json["user"]["email"] == ann.email
    ann.token = tokens.json["access_token"]
    assert ann.get(paths.ME).json["email"] == ann.email
    ann.token = tokens.json["refresh_token"]
    assert ann.post(paths.REFRESH).status_code == 200


def test_json_is_taken_as_well_as_a_form(app: Flask) -> None:
    browser = app.test_client()
    given = browser.post(paths.DEVICE_CODE, json={"client_id": "other"}).json

    poll = {
        "client_id": "other",
        "device_code": given["device_code"],
        "grant_type": GRANT_TYPE,
    }
    assert browser.post(paths.DEVICE_TOKEN, json=poll).json == {"error": "authorization_pending"}


def test_who_was_refused_is_told_so(app: Flask, ann: ApiUser) -> None:
    device = Device(app)

    answer(app, ann, device, word="refuse")

    assert device.poll_error() == "access_denied"
    assert device.poll_error() == "access_denied"


def test_a_code_is_redeemed_once(app: Flask, ann: ApiUser) -> None:
    device = Device(app)
    answer(app, ann, device)

    statuses = at_once([lambda: device.poll().status_code] * 6)

    assert sorted(statuses) == [200, *[400] * 5]
    assert device.poll_error() == "invalid_grant"


def test_who_polls_too_often_is_slowed_down_from_then_on(app: Flask) -> None:
    device = Device(app)
    assert device.poll_error() == "authorization_pending"
    assert device.poll_error() == "slow_down"

    let_time_pass(app, seconds=6)  # enough for 5 s, not for 10
    assert device.poll_error() == "slow_down"
    let_time_pass(app, seconds=16)
    assert device.poll_error() == "authorization_pending"


def test_a_code_lives_ten_minutes(app: Flask, ann: ApiUser) -> None:
    device, visitor = Device(app), Browser(app, ann)
    visitor.sign_in()
    visitor.type_code(device.code)
    make_older(services_of(app).database, DeviceLogin.ends_at, seconds=601)

    assert device.poll_error() == "expired_token"
    assert visitor.send(action="approve").status_code == 409
    assert device.poll_error() == "expired_token"


def test_what_ended_is_forgotten(app: Flask) -> None:
    database, device = services_of(app).database, Device(app)
    delete_ended_logins(database)
    assert device.poll_error() == "authorization_pending"

    make_older(database, DeviceLogin.ends_at, seconds=600 + 3601)
    delete_ended_logins(database)

    assert device.poll_error() == "invalid_grant"


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"device_code": "x"}, "invalid_grant"),
        ({"device_code": "\ud800\0"}, "invalid_grant"),
        ({"device_code": ""}, "invalid_request"),
        ({"client_id": "somebody-else"}, "invalid_grant"),
        ({"client_id": ""}, "invalid_request"),
        ({"client_id": "a\0b"}, "invalid_request"),
        ({"client_id": "x" * 61}, "invalid_request"),
        ({"grant_type": "password"}, "unsupported_grant_type"),
    ],
)
def test_a_poll_that_is_wrong(app: Flask, changes: dict[str, str], error: str) -> None:
    device = Device(app)
    poll = {
        "client_id": CLIENT_ID,
        "device_code": device.answer["device_code"],
        "grant_type": GRANT_TYPE,
        **changes,
    }

    answered = app.test_client().post(
        paths.DEVICE_TOKEN, data=json.dumps(poll), content_type="application/json"
    )

    assert (answered.status_code, answered.json["error"]) == (400, error)
    assert device.poll_error() == "authorization_pending"  # it did the device no harm


@pytest.mark.parametrize("body", ["", "[]", "{", "1", '{"client_id": 7}', '{"client_id": null}'])
@pytest.mark.parametrize("path", [paths.DEVICE_CODE, paths.DEVICE_TOKEN])
def test_other_bodies_are_invalid_requests(app: Flask, path: str, body: str) -> None:
    answered = app.test_client().post(path, data=body, content_type="application/json")

    assert (answered.status_code, answered.json["error"]) == (400, "invalid_request")


def test_a_parameter_given_twice_is_an_invalid_request(app: Flask) -> None:
    answered = app.test_client().post(paths.DEVICE_CODE, data={"client_id": ["fnt", "x"]})

    assert (answered.status_code, answered.json["error"]) == (400, "invalid_request")


def test_a_password_changed_meanwhile_shuts_it_out(app: Flask, ann: ApiUser) -> None:
    device = Device(app)
    answer(app, ann, device)

    users.set_password(services_of(app).database, ann.email, PASSWORD + "2")

    assert device.poll_error() == "invalid_grant"


def test_ending_all_logins_shuts_it_out(app: Flask, ann: ApiUser) -> None:
    device = Device(app)
    answer(app, ann, device)
    pair = services_of(app).authenticator.log_in(ann.email, PASSWORD)
    assert pair
    ann.token = pair.access_token

    assert ann.post(paths.LOGOUT, json={"all": True}).status_code == 200

    assert device.poll_error() == "invalid_grant"


def test_codes_are_given_thirty_times_a_minute_to_one_address(app: Flask) -> None:
    for _ in range(30):
        Device(app, address="10.8.0.1")

    refused = app.test_client().post(
        paths.DEVICE_CODE,
        data={"client_id": CLIENT_ID},
        environ_overrides={"REMOTE_ADDR": "10.8.0.1"},
    )

    assert refused.status_code == 429
    assert refused.headers["Retry-After"]
