"""The OpenAPI document: valid, complete, and what the server really answers."""

from __future__ import annotations

import re
from typing import Any

import pytest
from flask import Flask
from jsonschema import Draft202012Validator
from openapi_spec_validator import OpenAPIV31SpecValidator
from werkzeug.test import TestResponse

from fnt.wire import paths
from fnt.wire.device import CLIENT_ID, GRANT_TYPE
from server.api_client import PASSWORD, ApiUser, make_api_user


@pytest.fixture
def ann(app: Flask) -> ApiUser:
    return make_api_user(app)


@pytest.fixture
def document(app: Flask) -> dict[str, Any]:
    """What anybody gets, without a token."""
    response = app.test_client().get(paths.OPENAPI)
    assert response.status_code == 200
    content: dict[str, Any] = response.json
    return content


def described(document: dict[str, Any]) -> set[tuple[str, str]]:
    return {(verb, path) for path, verbs in document["paths"].items() for verb in verbs}


def test_the_document_is_valid_by_its_own_schema(document: dict[str, Any]) -> None:
    OpenAPIV31SpecValidator(document).validate()


def test_every_route_is_described_and_every_description_is_a_route(
    app: Flask, document: dict[str, Any]
) -> None:
    served = {
        (verb.lower(), re.sub(r"<(?:int:)?(\w+)>", r"{\1}", rule.rule))
        for rule in app.url_map.iter_rules()
        for verb in (rule.methods or set()) - {"HEAD", "OPTIONS"}
    }

    assert described(document) == served


def test_every_reference_is_defined(document: dict[str, Any]) -> None:
    used = set(re.findall(r"#/components/schemas/(\w+)", str(document)))

    assert used == set(document["components"]["schemas"])


def check(document: dict[str, Any], response: TestResponse, template: str) -> TestResponse:
    """Hold an answer to what the document says of its path, method and status."""
    answers = document["paths"][template][response.request.method.lower()]["responses"]
    answer = answers.get(str(response.status_code), answers["default"])
    if "content" not in answer:
        assert not response.data
        return response
    media = answer["content"][response.mimetype]
    if "schema" in media:
        whole = {**media["schema"], "components": document["components"]}
        Draft202012Validator(whole).validate(response.json)
        known = document["components"]["schemas"]
        name = media["schema"].get("$ref", "").rpartition("/")[2]
        assert set(response.json) <= set(known.get(name, {}).get("properties", response.json))
    return response


def test_answers_are_what_the_document_says(
    app: Flask, document: dict[str, Any], ann: ApiUser
) -> None:
    nobody, person = ApiUser(app, email="", token=None), make_api_user(app, password=True)
    job_path, login = f"{paths.JOBS}/{{job_id}}", {"email": person.email, "password": PASSWORD}

    def seen(status: int, response: TestResponse, template: str) -> Any:
        assert check(document, response, template).status_code == status
        return response.json if response.mimetype == "application/json" else None

    seen(200, nobody.get(paths.HEALTH), paths.HEALTH)
    seen(200, ann.get(paths.HEALTH), paths.HEALTH)
    seen(401, nobody.get(paths.ME), paths.ME)
    seen(200, ann.get(paths.ME), paths.ME)
    pair = seen(200, nobody.post(paths.LOGIN, json=login), paths.LOGIN)
    seen(401, nobody.post(paths.LOGIN, json={**login, "password": "x"}), paths.LOGIN)
    seen(400, nobody.post(paths.LOGIN, json={}), paths.LOGIN)
    renewed = {"Authorization": f"Bearer {pair['refresh_token']}"}
    pair = seen(200, nobody.post(paths.REFRESH, headers=renewed), paths.REFRESH)
    bearer = {"Authorization": f"Bearer {pair['access_token']}"}
    seen(200, nobody.post(paths.LOGOUT, headers=bearer), paths.LOGOUT)
    seen(400, nobody.post(paths.PASSWORD, json=login), paths.PASSWORD)
    changed = {**login, "new_password": "new correct horse"}
    seen(200, nobody.post(paths.PASSWORD, json=changed), paths.PASSWORD)

    asked = {"client_id": CLIENT_ID, "host": "here"}
    codes = seen(200, nobody.post(paths.DEVICE_CODE, data=asked), paths.DEVICE_CODE)
    poll = {**asked, "grant_type": GRANT_TYPE, "device_code": codes["device_code"]}
    seen(400, nobody.post(paths.DEVICE_TOKEN, data=poll), paths.DEVICE_TOKEN)
    seen(400, nobody.post(paths.DEVICE_TOKEN, data={}), paths.DEVICE_TOKEN)
    seen(200, nobody.get(paths.DEVICE_PAGE), paths.DEVICE_PAGE)

    seen(400, ann.confirm(original_filename=""), paths.CONFIRM)
    job_id = seen(201, ann.confirm(key="k"), paths.CONFIRM)["job_id"]
    seen(200, ann.confirm(key="k"), paths.CONFIRM)
    seen(409, ann.confirm(key="k", page_count=2), paths.CONFIRM)
    seen(202, ann.upload(job_id), paths.UPLOAD)
    seen(400, ann.upload("x"), paths.UPLOAD)
    seen(415, ann.upload(ann.confirm().json["job_id"], b"no PDF"), paths.UPLOAD)
    page = seen(200, ann.get(f"{paths.JOBS}?limit=1&status=pending"), paths.JOBS)
    assert len(page["jobs"]) == 1
    seen(400, ann.get(f"{paths.JOBS}?limit=0"), paths.JOBS)
    seen(200, ann.get(paths.job(job_id)), job_path)
    version = ann.get(paths.job(job_id)).headers["ETag"]
    seen(304, ann.get(paths.job(job_id), headers={"If-None-Match": version}), job_path)
    seen(404, ann.get(paths.job(10**9)), job_path)
    seen(200, ann.get(paths.job(job_id, "chunks")), f"{job_path}/chunks")
    seen(409, ann.get(paths.job(job_id, "result")), f"{job_path}/result")
    seen(400, ann.get(paths.job(job_id, "result") + "?format=pdf"), f"{job_path}/result")
    seen(409, ann.post(paths.job(job_id, "retry")), f"{job_path}/retry")
    seen(200, ann.post(paths.job(job_id, "cancel")), f"{job_path}/cancel")
    seen(201, ann.post(paths.job(job_id, "retry")), f"{job_path}/retry")
    seen(204, ann.delete(paths.job(job_id)), job_path)


def test_answers_about_tokens_are_what_the_document_says(
    app: Flask, document: dict[str, Any], ann: ApiUser
) -> None:
    person = make_api_user(app, password=True)
    login = {"email": person.email, "password": PASSWORD}
    person.token = person.post(paths.LOGIN, json=login).json["access_token"]

    def seen(status: int, response: TestResponse, template: str = paths.TOKENS) -> Any:
        assert check(document, response, template).status_code == status
        return response.json if response.mimetype == "application/json" else None

    made = seen(201, person.post(paths.TOKENS, json={"name": "ci", "days": 2}))
    seen(400, person.post(paths.TOKENS, json={}))
    assert len(seen(200, person.get(paths.TOKENS))["tokens"]) == 1
    seen(403, ann.get(paths.TOKENS))
    one, template = f"{paths.TOKENS}/{made['id']}", f"{paths.TOKENS}/{{token_id}}"
    seen(204, person.delete(one), template)
    seen(404, person.delete(one), template)
