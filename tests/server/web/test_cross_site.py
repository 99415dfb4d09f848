"""What a web page of another site can do with its visitor's browser: nothing that counts."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask

from fnt.wire import paths
from fnt_server.web.api.rate_limits import limiter
from server.api_client import PASSWORD, ApiUser, assert_refused, make_api_user

pytestmark = pytest.mark.parametrize("app", ["sqlite"], indirect=True)

ELSEWHERE = "https://elsewhere.example"
FROM_ELSEWHERE: list[dict[str, str]] = [
    {"Origin": ELSEWHERE},
    {"Origin": "null"},
    {"Origin": ELSEWHERE, "Sec-Fetch-Site": "cross-site"},
    {"Sec-Fetch-Site": "cross-site"},
    {"Sec-Fetch-Site": "same-site"},
]
SIMPLE_TYPES = [
    "text/plain",
    "text/plain; charset=application/json",
    "application/x-www-form-urlencoded",
    "multipart/form-data; boundary=x",
]
JSON_PATHS = [paths.LOGIN, paths.PASSWORD, paths.LOGOUT, paths.TOKENS, paths.CONFIRM]
COUNTED = [paths.LOGIN, paths.PASSWORD, paths.REFRESH, paths.DEVICE_CODE, paths.DEVICE_TOKEN]


@pytest.fixture(autouse=True)
def fresh_limits(app: Flask) -> Iterator[None]:
    yield
    with app.app_context():
        limiter.reset()


@pytest.fixture
def visitor(app: Flask) -> ApiUser:
    return make_api_user(app, password=True)


def changing_routes(app: Flask) -> Iterator[tuple[str, str]]:
    for rule in app.url_map.iter_rules():
        path = rule.rule.replace("<int:job_id>", "1").replace("<token_id>", "abc")
        for method in (rule.methods or set()) - {"GET", "HEAD", "OPTIONS"}:
            yield method, path


@pytest.mark.parametrize("headers", FROM_ELSEWHERE, ids=str)
def test_whatever_changes_something_is_refused_to_other_sites(
    app: Flask, visitor: ApiUser, headers: dict[str, str]
) -> None:
    routes = dict.fromkeys(changing_routes(app))

    assert len(routes) >= 12
    for method, path in routes:
        response = visitor.ask(method, path, headers=headers)
        if path == paths.DEVICE_PAGE:
            assert response.status_code == 403
        else:
            assert_refused(response, 403, "ORIGIN_NOT_ALLOWED")


@pytest.mark.parametrize("path", JSON_PATHS)
@pytest.mark.parametrize("media_type", [*SIMPLE_TYPES, None])
def test_a_body_that_any_page_may_send_is_refused(
    visitor: ApiUser, path: str, media_type: str | None
) -> None:
    body = f'{{"email": "{visitor.email}", "password": "{PASSWORD}"}}'

    response = visitor.post(path, data=body, content_type=media_type)

    assert_refused(response, 415, "UNSUPPORTED_MEDIA_TYPE")


@pytest.mark.parametrize(
    ("headers", "media_type"),
    [({}, "text/plain"), ({"Origin": ELSEWHERE}, "application/json")],
)
def test_a_page_of_another_site_uses_up_no_guesses(
    visitor: ApiUser, headers: dict[str, str], media_type: str
) -> None:
    guess = f'{{"email": "{visitor.email}", "password": "wrong"}}'
    for _ in range(65):
        visitor.post(paths.LOGIN, data=guess, content_type=media_type, headers=headers)

    answer = visitor.post(paths.LOGIN, json={"email": visitor.email, "password": PASSWORD})

    assert answer.status_code == 200, answer.text


@pytest.mark.parametrize("path", COUNTED)
def test_what_is_refused_is_not_counted(visitor: ApiUser, path: str) -> None:
    for _ in range(301):
        assert_refused(visitor.post(path, headers={"Origin": ELSEWHERE}), 403, "ORIGIN_NOT_ALLOWED")

    assert visitor.post(path).status_code != 429


def test_forms_of_other_sites_do_not_use_up_the_device_page(visitor: ApiUser) -> None:
    for _ in range(65):
        visitor.post(paths.DEVICE_PAGE, data={"action": "sign_in"}, headers={"Origin": ELSEWHERE})

    own: dict[str, Any] = {"Origin": "http://localhost"}
    assert visitor.post(paths.DEVICE_PAGE, data={}, headers=own).status_code == 403  # no token


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Origin": "http://localhost"},
        {"Origin": "http://localhost", "Sec-Fetch-Site": "same-origin"},
        {"Origin": "https://fnt.example.org", "Sec-Fetch-Site": "same-origin"},  # TLS ends earlier
        {"Sec-Fetch-Site": "none"},
    ],
    ids=str,
)
def test_programs_and_own_pages_are_let_in(visitor: ApiUser, headers: dict[str, str]) -> None:
    login = {"email": visitor.email, "password": PASSWORD}

    assert visitor.post(paths.LOGIN, json=login, headers=headers).status_code == 200


def test_pages_of_a_site_that_was_named_are_let_in(app: Flask, visitor: ApiUser) -> None:
    headers = {"Origin": "https://friend.example", "Sec-Fetch-Site": "cross-site"}
    login = {"email": visitor.email, "password": PASSWORD}

    assert visitor.post(paths.LOGIN, json=login, headers=headers).status_code == 200


def test_a_request_without_a_body_needs_no_type(visitor: ApiUser) -> None:
    assert_refused(visitor.post(paths.LOGOUT), 401, "NOT_LOGGED_IN")
