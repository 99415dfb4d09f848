"""Names of the contract: events, rooms, paths, error codes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from fnt.wire import events, paths
from fnt.wire.error_codes import ErrorCode, JobErrorCode
from fnt.wire.responses import error_body


def test_events_are_those_of_the_contract(golden: Callable[[str], Any]) -> None:
    names = golden("events.json")

    assert names["path"] == events.SOCKET_PATH
    assert names["to_server"] == [events.JOIN_JOB, events.LEAVE_JOB, events.CANCEL_JOB]
    assert names["to_client"] == [events.JOB_PROGRESS, events.ERROR, events.SERVER_DRAINING]
    assert events.job_room(12) == names["room_of_job_12"]


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        (paths.HEALTH, "/api/v1/health"),
        (paths.LOGIN, "/api/v1/auth/login"),
        (paths.REFRESH, "/api/v1/auth/refresh"),
        (paths.ME, "/api/v1/auth/me"),
        (paths.LOGOUT, "/api/v1/auth/logout"),
        (paths.PASSWORD, "/api/v1/auth/password"),
        (paths.TOKENS, "/api/v1/auth/tokens"),
        (paths.CONFIRM, "/api/v1/jobs/confirm"),
        (paths.UPLOAD, "/api/v1/process-pdf"),
        (paths.JOBS, "/api/v1/jobs"),
        (paths.job(12), "/api/v1/jobs/12"),
        (paths.job(12, "chunks"), "/api/v1/jobs/12/chunks"),
        (paths.IDEMPOTENCY_KEY, "Idempotency-Key"),
        (paths.FILE_FIELD, "pdf_file"),
    ],
)
def test_paths_are_those_of_the_contract(path: str, expected: str) -> None:
    assert path == expected


def test_error_body_is_the_golden_one(golden: Callable[[str], Any]) -> None:
    full = error_body(
        ErrorCode.CONFLICT,
        "this job has another file already: confirm a new one",
        request_id="5f1c0a7be2d94f0d",
        details={"job_id": 12},
    )
    plain = error_body(ErrorCode.JOB_NOT_FOUND, "job not found")

    assert list(full.items()) == list(golden("error.json").items())
    assert list(plain.items()) == list(golden("error_plain.json").items())
    assert type(full["error_code"]) is str


@pytest.mark.parametrize("kind", [ErrorCode, JobErrorCode])
def test_codes_are_their_own_names(kind: type[ErrorCode | JobErrorCode]) -> None:
    assert all(code == code.name for code in kind)


def test_codes_of_the_contract_are_all_there() -> None:
    """A code may be added, never renamed or dropped: scripts compare them."""
    assert {
        "NOT_LOGGED_IN",
        "TOKEN_EXPIRED",
        "TOKEN_INVALID",
        "JOB_NOT_FOUND",
        "FILE_TOO_LARGE",
        "NOT_A_PDF",
        "BUSY",
        "BAD_REQUEST",
    } <= set(ErrorCode)
    assert {
        "PDF_ENCRYPTED",
        "PDF_DAMAGED",
        "PDF_NO_TEXT",
        "PDF_TOO_MANY_PAGES",
        "PDF_LIMIT",
        "NOTHING_SELECTED",
        "WORKER_LOST",
        "ENGINE_FAILED",
        "UPLOAD_ABANDONED",
    } <= set(JobErrorCode)
