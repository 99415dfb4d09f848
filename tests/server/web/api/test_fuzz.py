"""Arbitrary JSON everywhere: never a 500, always the same error format."""

from __future__ import annotations

import json
from typing import Any

import pytest
from flask import Flask
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from fnt.wire import paths
from fnt_server.web.api.auth import limiter
from server.api_client import ApiUser, make_api_user

ANY_TEXT = st.text(st.characters(), max_size=20)  # lone surrogates and NUL as well
SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | ANY_TEXT
ANY_JSON = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(ANY_TEXT, inner, max_size=4),
    max_leaves=8,
)
FIELDS = [
    "original_filename", "processing_settings", "file_size", "page_count", "sha256", "email",
    "password", "all", "sentence_length_limit", "engine",
]  # fmt: skip
NEAR_JSON = st.dictionaries(
    st.sampled_from(FIELDS), ANY_JSON | st.dictionaries(st.sampled_from(FIELDS), SCALARS)
)


@pytest.fixture
def ann(app: Flask) -> ApiUser:
    return make_api_user(app)


@pytest.mark.faults
@pytest.mark.parametrize("path", [paths.CONFIRM, paths.LOGIN, paths.REFRESH, paths.LOGOUT])
@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(content=ANY_JSON | NEAR_JSON)
@example(content={"all": True})
def test_any_json_is_answered(ann: ApiUser, path: str, content: Any) -> None:
    response = ann.post(path, data=json.dumps(content), content_type="application/json")
    with ann.app.app_context():
        limiter.reset()

    refused = {403} if path == paths.LOGOUT else set()  # a personal token ends no logins
    assert response.status_code in {200, 201, 400, 401, 413} | refused, response.text
    if response.status_code >= 400:
        assert {"error", "error_code", "request_id"} <= set(response.json)


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(body=st.binary(max_size=300))
def test_any_bytes_are_answered(ann: ApiUser, body: bytes) -> None:
    for path, media_type in (
        (paths.CONFIRM, "application/json"),
        (paths.UPLOAD, "multipart/form-data; boundary=x"),
    ):
        response = ann.post(path, data=body, content_type=media_type)

        assert response.status_code == 400, response.text
