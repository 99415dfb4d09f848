"""REST requests made from the OpenAPI document that the server serves.

Oracle: no answer is a 500 or names an inner thing; every refusal has the one JSON shape with its
request id; every answer has a status, a type and a shape that the document allows.
"""

from __future__ import annotations

from contextlib import suppress

import pytest
from flask import Flask
from hypothesis import HealthCheck, Phase, Verbosity, given, seed, settings
from hypothesis import strategies as st
from hypothesis.errors import Unsatisfiable
from schemathesis import Case, GenerationMode
from schemathesis.openapi import from_wsgi
from schemathesis.specs.openapi import checks

from fnt.wire import paths
from fnt_server.web.api.auth import limiter
from fuzz import campaign
from server.api_client import LEAKS, ApiUser, make_api_user

pytestmark = pytest.mark.faults

CASES = 3
"""For each operation in the suite."""
CASES_A_MINUTE = 1000
CHECKS = [
    checks.status_code_conformance,
    checks.content_type_conformance,
    checks.response_schema_conformance,
]
DEVICE = (paths.DEVICE_CODE, paths.DEVICE_TOKEN, paths.HEALTH)
"""Refusals of a shape of their own, which the document describes."""
MODES = [GenerationMode.POSITIVE, GenerationMode.NEGATIVE]


@pytest.fixture
def ann(app: Flask) -> ApiUser:
    return make_api_user(app)


@pytest.mark.parametrize("mode", MODES, ids=["as described", "not as described"])
def test_an_answer_is_as_described(app: Flask, ann: ApiUser, mode: GenerationMode) -> None:
    minutes, number = campaign.minutes(), campaign.seed_of_run()
    print(f"\nfuzz rest: seed {number}")  # noqa: T201
    operations = [found.ok() for found in from_wsgi(paths.OPENAPI, app).get_all_operations()]
    cases = CASES if minutes is None else int(minutes * CASES_A_MINUTE / len(operations)) + 1
    for operation in operations:
        _check_operation(operation.as_strategy(mode), app, ann, number=number, cases=cases)


def _check_operation(
    made: st.SearchStrategy[Case], app: Flask, ann: ApiUser, *, number: int, cases: int
) -> None:
    @seed(number)
    @settings(
        max_examples=cases,
        database=None,
        phases=[Phase.generate],
        verbosity=Verbosity.quiet,
        suppress_health_check=list(HealthCheck),
    )
    @given(case=made, is_known=st.booleans())
    def check(case: Case, is_known: bool) -> None:
        try:
            _check(case, app, ann if is_known else None)
        except BaseException as failure:
            path = campaign.save("rest", str(number), case.as_curl_command().encode())
            failure.add_note(f"fuzz rest: the request is in {path}\nagain: make fuzz SEED={number}")
            raise

    with suppress(Unsatisfiable):  # nothing of it can be wrong
        check()


def _check(case: Case, app: Flask, ann: ApiUser | None) -> None:
    headers = {"Authorization": f"Bearer {ann.token}"} if ann else {}
    with app.app_context():
        limiter.reset()
    response = case.call(headers=headers)
    case.validate_response(response, checks=CHECKS)
    text = response.content.decode("utf-8", "replace")
    assert response.status_code < 500 or case.path == paths.HEALTH, text
    assert not LEAKS.search(text) or case.path == paths.OPENAPI, text
    is_json = "json" in response.headers.get("content-type", [""])[0]
    if response.status_code >= 400 and is_json and case.path not in DEVICE:
        assert {"error", "error_code", "request_id"} <= set(response.json())
