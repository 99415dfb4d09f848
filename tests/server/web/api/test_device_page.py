"""The device login page, and attacks on it."""

from __future__ import annotations

import logging
from collections.abc import Iterator

import pytest
from flask import Flask

from fnt.wire import paths
from fnt.wire.device import ALPHABET
from fnt_server.auth import users
from fnt_server.config.token_lifetimes import PAGE_TTL_S
from fnt_server.db.connection import Database
from fnt_server.db.models import Login, User
from fnt_server.web.api.rate_limits import limiter
from server.aging import make_older
from server.api_client import PASSWORD, ApiUser, assert_refused, make_api_user, services_of
from server.device_flow import Browser, Device


@pytest.fixture(autouse=True)
def fresh_limits(app: Flask) -> Iterator[None]:
    yield
    with app.app_context():
        limiter.reset()


@pytest.fixture
def ann(app: Flask) -> ApiUser:
    return make_api_user(app, password=True)


@pytest.fixture
def signed_in(app: Flask, ann: ApiUser) -> Browser:
    visitor = Browser(app, ann)
    assert "Type the code" in visitor.sign_in().text
    return visitor


def wrong_code(number: int) -> str:
    return ALPHABET[number // 20] + ALPHABET[number % 20] + "BCDFGH"


def test_somebody_sees_who_asks_before_they_answer(app: Flask, signed_in: Browser) -> None:
    device = Device(app, host="anns-laptop", address="10.77.0.9")

    seen = signed_in.type_code(device.code.lower().replace("-", " ")).text

    for fact in ("fnt", "anns-laptop", "10.77.0.9", "less than a minute ago"):
        assert f"<dd>{fact}</dd>" in seen
    assert signed_in.person.email in seen
    assert device.poll_error() == "authorization_pending"  # typing the code lets nobody in


def test_what_a_device_says_of_itself_cannot_write_the_page(app: Flask, signed_in: Browser) -> None:
    device = Device(app, host="<b>x</b>\u202e\n\x1b" + "y" * 999)

    seen = signed_in.type_code(device.code).text

    assert "&lt;b&gt;x&lt;/b&gt;\\u202e\\n\\x1b" in seen
    assert "y" * 61 not in seen


def test_after_the_answer_the_visit_is_over(app: Flask, signed_in: Browser) -> None:
    signed_in.type_code(Device(app).code)

    assert "logged in" in signed_in.send(action="approve").text

    assert "<h1>Sign in" in signed_in.look().text


def test_an_answer_counts_once(app: Flask, signed_in: Browser) -> None:
    device = Device(app)
    other = Browser(app, signed_in.person)
    other.sign_in()
    for visitor in (signed_in, other):
        visitor.type_code(device.code)
    signed_in.send(action="refuse")

    assert other.send(action="approve").status_code == 409
    assert device.poll_error() == "access_denied"
    other.look()
    assert other.type_code(device.code).status_code == 404  # it is used up


def test_the_code_is_never_filled_in(app: Flask, signed_in: Browser) -> None:
    device = Device(app)
    seen = signed_in.browser.get(f"{paths.DEVICE_PAGE}?user_code={device.code}&code={device.code}")

    assert device.code not in seen.text


@pytest.mark.parametrize("step", ["sign_in", "code", "problem", "ask"])
def test_no_page_may_be_framed_kept_or_run_anything(
    app: Flask, signed_in: Browser, step: str
) -> None:
    seen = {
        "sign_in": lambda: Browser(app, signed_in.person).seen,
        "code": signed_in.look,
        "problem": lambda: signed_in.type_code("x" * 99_999),
        "ask": lambda: signed_in.type_code(Device(app).code),
    }[step]()

    policy = seen.headers["Content-Security-Policy"].split("; ")
    assert {"default-src 'none'", "frame-ancestors 'none'", "base-uri 'none'"} <= set(policy)
    assert "unsafe" not in seen.headers["Content-Security-Policy"]
    assert seen.headers["Cache-Control"] == "no-store"
    assert seen.headers["X-Frame-Options"] == "DENY"
    assert seen.headers["Referrer-Policy"] == "same-origin"
    assert seen.mimetype == "text/html"
    assert "<script" not in seen.text


def test_the_cookie_is_for_this_site_alone(app: Flask, ann: ApiUser) -> None:
    plain = app.test_client().get(paths.DEVICE_PAGE).headers["Set-Cookie"]
    secure = (
        app.test_client().get(paths.DEVICE_PAGE, base_url="https://localhost").headers["Set-Cookie"]
    )

    for cookie in (plain, secure):
        assert "HttpOnly" in cookie
        assert "SameSite=Strict" in cookie
        assert f"Max-Age={PAGE_TTL_S}" in cookie
    assert secure.startswith("__Host-")
    assert "Secure" in secure


def test_signing_in_changes_the_cookie(app: Flask, ann: ApiUser) -> None:
    visitor = Browser(app, ann)
    before = visitor.browser.get_cookie("fnt-device")

    visitor.sign_in()

    after = visitor.browser.get_cookie("fnt-device")
    assert before
    assert after
    assert before.value != after.value


@pytest.mark.parametrize("origin", [None, "null", "https://localhost", "http://evil.example"])
@pytest.mark.parametrize("step", ["sign_in", "code", "answer"])
def test_a_form_of_another_site_is_refused(
    app: Flask, ann: ApiUser, origin: str | None, step: str
) -> None:
    device, visitor = Device(app), Browser(app, ann)
    form = {"action": "sign_in", "email": ann.email, "password": PASSWORD}
    if step != "sign_in":
        visitor.sign_in()
        form = {"action": "code", "code": device.code}
    if step == "answer":
        visitor.type_code(device.code)
        form = {"action": "approve"}

    assert visitor.send(origin=origin, **form).status_code == 403

    assert device.poll_error() == "authorization_pending"
    assert ("<h1>Sign in" in visitor.look().text) is (step == "sign_in")


@pytest.mark.parametrize("csrf", ["", "0" * 64, "é", "of another visit"])
def test_a_form_without_the_visits_own_mark_is_refused(
    app: Flask, signed_in: Browser, csrf: str
) -> None:
    device = Device(app)
    if csrf == "of another visit":
        csrf = Browser(app, signed_in.person).hidden("csrf")

    refused = signed_in.send(action="code", code=device.code, csrf=csrf)

    assert refused.status_code == 403
    assert "invalid or has expired" in refused.text


def test_nobody_gets_past_the_first_form_unsigned(app: Flask, ann: ApiUser) -> None:
    device, visitor = Device(app), Browser(app, ann)

    assert visitor.type_code(device.code).status_code == 403
    visitor.look()
    assert visitor.send(action="approve", device="x").status_code == 403
    assert device.poll_error() == "authorization_pending"


def test_the_visit_is_good_for_this_page_alone(app: Flask, signed_in: Browser) -> None:
    cookie = signed_in.browser.get_cookie("fnt-device")
    assert cookie
    person = signed_in.person
    person.token = cookie.value

    assert_refused(person.get(paths.ME), 401, "TOKEN_INVALID")
    assert_refused(person.post(paths.REFRESH), 401, "TOKEN_INVALID")


def test_no_other_token_is_a_visit(app: Flask, ann: ApiUser) -> None:
    pair = services_of(app).authenticator.log_in(ann.email, PASSWORD)
    assert pair
    personal = users.make_personal_token(services_of(app).database, ann.email, days=1)
    for token in (pair.access_token, pair.refresh_token, personal):
        visitor = Browser(app, ann)
        visitor.browser.set_cookie("fnt-device", token)

        assert "<h1>Sign in" in visitor.look().text


@pytest.mark.parametrize("end", ["password", "time"])
def test_a_visit_ends(app: Flask, signed_in: Browser, end: str) -> None:
    database: Database = services_of(app).database
    if end == "password":
        users.set_password(database, signed_in.person.email, PASSWORD + "2")
    else:
        make_older(database, Login.ends_at, seconds=PAGE_TTL_S + 1)

    assert signed_in.type_code(Device(app).code).status_code == 403


@pytest.mark.parametrize("code", ["", "BCDF", "AEIO-UYAE", "1234-5678", "BCDF-GHJK-L", "\0" * 9])
def test_what_cannot_be_a_code_is_no_try(signed_in: Browser, code: str) -> None:
    for _ in range(6):
        seen = signed_in.type_code(code)

    assert seen.status_code == 400
    assert "eight letters" in seen.text


def test_five_wrong_codes_are_all_a_user_has(app: Flask, signed_in: Browser) -> None:
    """However often they sign in, from wherever; nobody else is kept out by it."""
    device = Device(app)
    for number in range(5):
        assert signed_in.type_code(wrong_code(number)).status_code == 404

    again = Browser(app, signed_in.person)
    signed_in.person.address = "10.66.0.1"
    again.sign_in()
    refused = again.type_code(device.code)

    assert refused.status_code == 429
    assert "Too many wrong codes" in refused.text
    bob = make_api_user(app, password=True)
    bob.address = signed_in.person.address
    other = Browser(app, bob)
    other.sign_in()
    assert other.type_code(device.code).status_code == 200

    make_older(services_of(app).database, User.wrong_codes_since, seconds=601)
    again.look()
    assert again.type_code(device.code).status_code == 200


def test_twenty_wrong_codes_are_all_an_address_has(app: Flask) -> None:
    people = [make_api_user(app, password=True) for _ in range(5)]
    statuses = []
    for each, person in enumerate(people):
        person.address = "10.55.0.1"
        visitor = Browser(app, person)
        visitor.sign_in()
        statuses += [
            visitor.type_code(wrong_code(each * 5 + number)).status_code for number in range(5)
        ]

    assert statuses[:20] == [404] * 20
    assert statuses[20] == 429


def test_wrong_passwords_here_and_at_the_api_count_together(app: Flask, ann: ApiUser) -> None:
    visitor = Browser(app, ann)
    for _ in range(5):
        assert visitor.sign_in("wrong").status_code == 401
        bad = {"email": ann.email.upper(), "password": "wrong"}
        assert make_api_user(app).post(paths.LOGIN, json=bad).status_code == 401

    refused = visitor.sign_in()

    assert refused.status_code == 429
    assert refused.mimetype == "text/html"
    assert "wait a minute" in refused.text.lower()


def test_wrong_passwords_of_neighbours_stop_nobody_who_is_signed_in(
    app: Flask, signed_in: Browser
) -> None:
    for number in range(10):
        bad = {"email": f"x{number}@example.org", "password": "wrong"}
        signed_in.person.post(paths.LOGIN, json=bad)

    assert signed_in.type_code(Device(app).code).status_code == 200


def test_wrong_and_unknown_are_refused_alike(app: Flask, ann: ApiUser) -> None:
    visitor = Browser(app, ann)
    wrong = visitor.sign_in("wrong").text
    unknown = visitor.send(action="sign_in", email="no@example.org", password="wrong").text

    assert "Email or password is wrong" in wrong
    assert wrong == unknown
    assert ann.email not in wrong


@pytest.mark.parametrize(
    "fields", [{"email": "\0", "password": "x"}, {"email": "a@b", "password": "\0"}, {}]
)
def test_odd_logins_are_wrong_ones(app: Flask, ann: ApiUser, fields: dict[str, str]) -> None:
    assert Browser(app, ann).send(action="sign_in", **fields).status_code == 401


def test_a_database_that_is_away_is_told_on_the_page(app: Flask, signed_in: Browser) -> None:
    services = services_of(app)
    kept = services.database.engine
    try:
        services.database.engine = Database("sqlite:////nowhere/at/all.db").engine
        seen = signed_in.look()
    finally:
        services.database.engine = kept

    assert (seen.status_code, seen.mimetype) == (503, "text/html")
    assert "try again" in seen.text


def test_nothing_typed_is_logged(
    app: Flask, ann: ApiUser, caplog: pytest.LogCaptureFixture
) -> None:
    device, visitor = Device(app), Browser(app, ann)
    with caplog.at_level(logging.DEBUG):
        visitor.sign_in("a wrong canary")
        visitor.sign_in()
        visitor.type_code(device.code)
        visitor.send(action="approve")
        device.poll()
    told = "\n".join(str(vars(record)) for record in caplog.records)

    assert paths.DEVICE_PAGE in told
    for secret in ("canary", PASSWORD, device.code, device.answer["device_code"], ann.email):
        assert secret not in told
