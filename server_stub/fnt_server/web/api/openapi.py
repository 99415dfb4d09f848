"""`/openapi.json`: the REST API described (OpenAPI 3.1), made from the structs that serve it."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from flask import Blueprint, Response

from fnt import __version__
from fnt.wire import paths, requests, responses
from fnt.wire.jobs import JobSnapshot
from fnt.wire.json_schema import components
from fnt.wire.results import MEDIA_TYPES
from fnt.wire.structs import WireStruct

bp = Blueprint("openapi", __name__)

_REF = "#/components/schemas/{name}"
_JOB = paths.JOBS + "/{job_id}"
_JSON = "application/json"
_FORM = "application/x-www-form-urlencoded"
_HTML: dict[str, Any] = {"text/html": {}}
_REPEATABLE = {
    "name": paths.IDEMPOTENCY_KEY,
    "in": "header",
    "description": "The same key with the same body answers with the same job.",
    "schema": {"type": "string", "pattern": "^[\\x20-\\x7e]{1,200}$"},
}
_KNOWN_VERSION = {
    "name": "If-None-Match",
    "in": "header",
    "description": "The ETag of the version that is known already.",
    "schema": {"type": "string"},
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """One method of one path."""

    method: str
    path: str
    summary: str
    answers: dict[int, type[WireStruct] | dict[str, Any] | None]
    """A struct, other content by media type, or None for no body, by status."""
    body: type[WireStruct] | dict[str, Any] | None = None
    takes_form: bool = False
    query: type[requests.Query] | None = None
    headers: list[dict[str, Any]] = field(default_factory=list)
    needs_token: bool = True


OPERATIONS = (
    Operation(
        method="get", path=paths.OPENAPI, summary="This document",
        answers={200: {_JSON: {"schema": {"type": "object"}}}}, needs_token=False,
    ),
    Operation(
        method="get", path=paths.HEALTH, needs_token=False,
        summary="Whether the server can do its work; with a token also why not",
        answers={200: responses.Health, 503: responses.Health},
    ),
    Operation(
        method="post", path=paths.LOGIN, summary="Exchange email and password for tokens",
        body=requests.LoginRequest, answers={200: responses.TokenPair}, needs_token=False,
    ),
    Operation(
        method="post", path=paths.REFRESH,
        summary="Exchange the refresh token, sent as Bearer, for a new pair",
        answers={200: responses.TokenPair},
    ),
    Operation(
        method="get", path=paths.ME, summary="Who the token speaks for",
        answers={200: responses.User},
    ),
    Operation(
        method="post", path=paths.LOGOUT,
        summary="End this login, or all logins and personal tokens",
        body=requests.LogoutRequest, answers={200: responses.Done},
    ),
    Operation(
        method="post", path=paths.PASSWORD, needs_token=False,
        summary="Change the password, which ends all logins, for new tokens",
        body=requests.PasswordRequest, answers={200: responses.TokenPair},
    ),
    Operation(
        method="get", path=paths.TOKENS, summary="List the user's personal tokens",
        answers={200: responses.PersonalTokenList},
    ),
    Operation(
        method="post", path=paths.TOKENS, summary="Create a personal token",
        body=requests.PersonalTokenRequest, answers={201: responses.NewPersonalToken},
    ),
    Operation(
        method="delete", path=paths.TOKENS + "/{token_id}", summary="Revoke a personal token",
        answers={204: None},
    ),
    Operation(
        method="post", path=paths.DEVICE_CODE, summary="Start a device login (RFC 8628)",
        body=requests.DeviceCodeRequest, takes_form=True, needs_token=False,
        answers={200: responses.DeviceCodes, 400: responses.DeviceErrorAnswer},
    ),
    Operation(
        method="post", path=paths.DEVICE_TOKEN, summary="Ask for the tokens of a device login",
        body=requests.DeviceTokenRequest, takes_form=True, needs_token=False,
        answers={200: responses.TokenPair, 400: responses.DeviceErrorAnswer},
    ),
    Operation(
        method="get", path=paths.DEVICE_PAGE, summary="The page where a device is approved",
        answers={200: _HTML}, needs_token=False,
    ),
    Operation(
        method="post", path=paths.DEVICE_PAGE, summary="The forms of that page; not an API",
        answers={200: _HTML, 303: None}, needs_token=False,
    ),
    Operation(
        method="post", path=paths.CONFIRM, summary="Make a job that waits for its file",
        body=requests.ConfirmRequest, headers=[_REPEATABLE],
        answers={200: responses.JobAnswer, 201: responses.JobAnswer},
    ),
    Operation(
        method="post", path=paths.UPLOAD, summary="Send the file of a job",
        body={
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "description": "`job_id` comes first.",
                    "properties": {
                        "job_id": {"type": "integer"},
                        paths.FILE_FIELD: {"contentMediaType": "application/pdf"},
                    },
                    "required": ["job_id", paths.FILE_FIELD],
                }
            }
        },
        answers={202: responses.JobAnswer},
    ),
    Operation(
        method="get", path=paths.JOBS, summary="List jobs, newest first",
        query=requests.JobsQuery, answers={200: responses.JobPage},
    ),
    Operation(
        method="get", path=_JOB, summary="A job, unless its version is known",
        headers=[_KNOWN_VERSION], answers={200: JobSnapshot, 304: None},
    ),
    Operation(
        method="delete", path=_JOB, summary="Delete a job with its file and result",
        answers={204: None},
    ),
    Operation(
        method="get", path=f"{_JOB}/chunks", summary="How each part of a job stands",
        answers={200: responses.ChunkList},
    ),
    Operation(
        method="post", path=f"{_JOB}/cancel", summary="Cancel a job",
        answers={200: JobSnapshot},
    ),
    Operation(
        method="post", path=f"{_JOB}/retry", headers=[_REPEATABLE],
        summary="Make a new job from the file of a failed or cancelled one",
        answers={200: JobSnapshot, 201: JobSnapshot},
    ),
    Operation(
        method="get", path=f"{_JOB}/result", summary="The sentences of a completed job",
        query=requests.ResultQuery,
        answers={200: {kind.partition(";")[0]: {} for kind in MEDIA_TYPES.values()}},
    ),
)  # fmt: skip


@bp.get(paths.OPENAPI.removeprefix(paths.API))
def openapi() -> Response:
    """Describe this API."""
    return Response(_encoded(), mimetype=_JSON)


@cache
def _encoded() -> bytes:
    """Encode the document once: anybody may ask for it, and a crowd does."""
    return json.dumps(document(), ensure_ascii=False, separators=(",", ":")).encode()


@cache
def document() -> dict[str, Any]:
    """Return the OpenAPI document."""
    described: dict[str, dict[str, Any]] = {}
    for operation in OPERATIONS:
        described.setdefault(operation.path, {})[operation.method] = _operation(operation)
    return {
        "openapi": "3.1.0",
        "info": {"title": "fnt-server", "version": __version__},
        "servers": [{"url": "/"}],
        "security": [{"token": []}],
        "paths": described,
        "components": {
            "schemas": _schemas(),
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
        },
    }


def _operation(operation: Operation) -> dict[str, Any]:
    known: dict[str, Any] = {"summary": operation.summary, "parameters": _parameters(operation)}
    if operation.body is not None:
        known["requestBody"] = {"content": _content(operation.body, operation.takes_form)}
    known["responses"] = {
        str(status): {"description": _status_words(status)}
        | ({} if answer is None else {"content": _content(answer)})
        for status, answer in operation.answers.items()
    } | {"default": {"description": "Refused", "content": _content(responses.ErrorAnswer)}}
    if operation.path == paths.DEVICE_PAGE:
        known["responses"]["default"]["content"] = _HTML
    return known | ({} if operation.needs_token else {"security": []})


def _status_words(status: int) -> str:
    return {204: "Deleted", 303: "See the page", 304: "Not modified", 400: "Refused"}.get(
        status, "Done" if status < 300 else "Unavailable"
    )


def _content(body: type[WireStruct] | dict[str, Any], takes_form: bool = False) -> dict[str, Any]:
    if isinstance(body, dict):
        return body
    media = {"schema": {"$ref": _REF.format(name=body.__name__)}}
    return {_JSON: media} | ({_FORM: media} if takes_form else {})


def _parameters(operation: Operation) -> list[dict[str, Any]]:
    found = list(operation.headers)
    if "{job_id}" in operation.path:
        schema = {"type": "integer", "minimum": 1, "maximum": requests.MAX_ID}
        found.append({"name": "job_id", "in": "path", "required": True, "schema": schema})
    if "{token_id}" in operation.path:
        schema = {"type": "string"}
        found.append({"name": "token_id", "in": "path", "required": True, "schema": schema})
    if operation.query is not None:
        fields = components([operation.query], ref_template=_REF, written=())
        for name, schema in fields[operation.query.__name__]["properties"].items():
            argument = {"name": name, "in": "query", "schema": schema}
            found.append(argument | {"style": "form", "explode": False})
    return found


def _schemas() -> dict[str, Any]:
    read: list[type[WireStruct]] = []
    written: list[type[WireStruct]] = [
        responses.HealthChecks,
        responses.Chunk,
        responses.PersonalToken,
        responses.ErrorAnswer,
    ]
    for operation in OPERATIONS:
        if isinstance(operation.body, type):
            read.append(operation.body)
        written += [kind for kind in operation.answers.values() if isinstance(kind, type)]
    return components([*read, *written], ref_template=_REF, written=written)
