"""The upload: one file per job, complete or not at all, whatever is sent."""

from __future__ import annotations

import hashlib
from typing import Any

import pytest
from flask import Flask

from fnt.wire import paths
from fnt.wire.job_status import JobStatus
from fnt.wire.jobs import JobSnapshot
from pdfs import make_pdf
from server.api_client import (
    BOUNDARY,
    PDF,
    ApiUser,
    assert_refused,
    form,
    make_api_user,
    parts,
    services_of,
)
from server.records import at_once

MB = 1024 * 1024


@pytest.fixture
def ann(app: Flask) -> ApiUser:
    return make_api_user(app)


@pytest.fixture
def job_id(ann: ApiUser) -> int:
    found: int = ann.confirm().json["job_id"]
    return found


def stored(app: Flask, job_id: int) -> list[str]:
    return services_of(app).storage.list_keys(f"jobs/{job_id}/")


def test_upload_answers_the_job_with_its_file(ann: ApiUser, app: Flask, job_id: int) -> None:
    response = ann.upload(job_id)

    job = JobSnapshot.from_wire(response.json["job"])
    assert response.status_code == 202
    assert set(response.json) == {"job_id", "status", "job"}
    assert (job.sha256, job.file_size) == (hashlib.sha256(PDF).hexdigest(), len(PDF))
    assert (job.status, job.version) == (JobStatus.PENDING, 2)
    assert job.uploaded_at is not None
    [key] = stored(app, job_id)
    assert services_of(app).storage.get(key) == PDF


def test_the_same_bytes_again_answer_the_same(ann: ApiUser, app: Flask, job_id: int) -> None:
    first, again = ann.upload(job_id), ann.upload(job_id)
    ann.post(paths.job(job_id, "cancel"))
    late = ann.upload(job_id)

    assert (again.status_code, again.json) == (202, first.json)
    assert (late.status_code, late.json["status"]) == (202, "cancelled")
    assert len(stored(app, job_id)) == 1


def test_other_bytes_are_refused(ann: ApiUser, app: Flask, job_id: int) -> None:
    ann.upload(job_id)

    assert_refused(ann.upload(job_id, make_pdf(pages=2)), 409, "CONFLICT")
    assert_refused(ann.upload(job_id, PDF + b" "), 409, "CONFLICT")
    assert len(stored(app, job_id)) == 1
    assert ann.snapshot(job_id).version == 2


def test_uploads_at_once_leave_one_file(ann: ApiUser, app: Flask, job_id: int) -> None:
    books = [make_pdf(pages=1 + k % 2) for k in range(6)]

    answers = at_once([lambda book=book: ann.upload(job_id, book) for book in books])

    statuses = sorted(answer.status_code for answer in answers)
    assert statuses == [202] * 3 + [409] * 3
    assert len(stored(app, job_id)) == 1


def test_bytes_other_than_confirmed_are_refused(ann: ApiUser, app: Flask) -> None:
    job_id = ann.confirm(sha256="0" * 64).json["job_id"]

    assert_refused(ann.upload(job_id), 409, "CONFLICT")
    assert stored(app, job_id) == []
    assert ann.snapshot(job_id).version == 1


def test_bytes_as_confirmed_are_taken(ann: ApiUser) -> None:
    job_id = ann.confirm(sha256=hashlib.sha256(PDF).hexdigest()).json["job_id"]

    assert ann.upload(job_id).status_code == 202


def test_an_ended_job_takes_no_file(ann: ApiUser, app: Flask, job_id: int) -> None:
    ann.post(paths.job(job_id, "cancel"))

    assert_refused(ann.upload(job_id), 409, "CONFLICT")
    assert stored(app, job_id) == []


def test_anothers_job_is_as_one_that_does_not_exist(ann: ApiUser, app: Flask, job_id: int) -> None:
    bob = make_api_user(app)

    another, unknown = bob.upload(job_id), bob.upload(job_id + 10_000)

    assert assert_refused(another, 404, "JOB_NOT_FOUND") == assert_refused(
        unknown, 404, "JOB_NOT_FOUND"
    )
    assert stored(app, job_id) == []


def test_without_token_nothing_is_stored(ann: ApiUser, app: Flask, job_id: int) -> None:
    ann.token = None

    assert_refused(ann.upload(job_id), 401, "NOT_LOGGED_IN")
    assert stored(app, job_id) == []


@pytest.mark.parametrize(
    "content",
    [b"", b"x", b"hello" * 1000, b"\0" * 1024 + PDF, b"%PDF" + b"x" * 2000, b"<html>" * 500],
    ids=["empty", "one byte", "text", "too late", "cut", "html"],
)
def test_what_is_no_pdf_is_refused(ann: ApiUser, app: Flask, job_id: int, content: bytes) -> None:
    assert_refused(ann.upload(job_id, content), 415, "NOT_A_PDF")
    assert stored(app, job_id) == []
    assert ann.upload(job_id).status_code == 202


def test_junk_before_the_header_is_let_pass(ann: ApiUser, job_id: int) -> None:
    assert ann.upload(job_id, b"\0" * 1019 + PDF).status_code == 202


@pytest.mark.parametrize("over", [1, MB])
def test_a_file_over_the_limit_is_refused(ann: ApiUser, app: Flask, job_id: int, over: int) -> None:
    assert_refused(ann.upload(job_id, PDF + b"x" * (MB + over - len(PDF))), 413, "FILE_TOO_LARGE")
    assert stored(app, job_id) == []


def test_a_file_of_the_limit_is_taken(ann: ApiUser, job_id: int) -> None:
    assert ann.upload(job_id, PDF + b"\n" * (MB - len(PDF))).status_code == 202


def bad_bodies(job_id: int) -> dict[str, bytes]:
    job, file = ("job_id", str(job_id).encode()), ("pdf_file", PDF)
    return {
        "file first": parts([file, job]),
        "no job": parts([file]),
        "no file": parts([job]),
        "file under another name": parts([job, ("book", PDF)]),
        "job not a number": form("1x"),
        "job negative": form("-1"),
        "job empty": form(""),
        "job not ascii": form("\u0661"),
        "job endless": form("9" * 5000),
        "broken off in the file": form(job_id)[: -len(PDF) // 2],
        "no end": form(job_id, end=False)[:-2],
        "empty": b"",
        "not multipart": b"%PDF-1.4 just the bytes",
        "many fields": parts([(f"x{k}", b"y") for k in range(50)] + [job, file]),
        "header endless": b"--cut-here\r\nContent-Disposition: form-data; " + b"x" * 200_000,
        "header not utf-8": parts([("NAME", b"x")]).replace(b"NAME", b"\xff\xfe"),
    }


@pytest.mark.parametrize("name", bad_bodies(1))
def test_a_malformed_body_is_refused(ann: ApiUser, app: Flask, job_id: int, name: str) -> None:
    assert_refused(ann.send(bad_bodies(job_id)[name]), 400, "BAD_REQUEST")
    assert stored(app, job_id) == []
    assert ann.upload(job_id).status_code == 202


@pytest.mark.parametrize(
    "content_type",
    [
        "", "text/plain", "application/json", "multipart/form-data",
        "multipart/form-data; boundary=", "multipart/form-data; boundary=other",
        "multipart/mixed; boundary=cut-here",
        "application/x-www-form-urlencoded", f"multipart/form-data; boundary={'x' * 5000}",
    ],
)  # fmt: skip
def test_another_content_type_is_refused(ann: ApiUser, job_id: int, content_type: str) -> None:
    options: dict[str, Any] = {"content_type": content_type} if content_type else {}

    assert_refused(ann.post(paths.UPLOAD, data=form(job_id), **options), 400, "BAD_REQUEST")


def test_what_follows_the_file_is_passed_over(ann: ApiUser, job_id: int) -> None:
    body = parts([("job_id", str(job_id).encode()), ("pdf_file", PDF), ("job_id", b"1")])

    assert ann.send(body).status_code == 202


def test_a_boundary_inside_the_file_is_only_bytes(ann: ApiUser, job_id: int) -> None:
    book = PDF + f"\r\n--{BOUNDARY[:-1]}\r\n".encode() * 20

    assert ann.upload(job_id, book).json["job"]["file_size"] == len(book)
