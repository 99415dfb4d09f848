"""Users of the REST interface, and what every refusal must look like."""

from __future__ import annotations

import itertools
import json
import re
from collections.abc import Iterable
from io import BytesIO
from typing import Any

from flask import Flask
from werkzeug.test import TestResponse

from fnt.wire import paths
from fnt.wire.jobs import JobSnapshot, PieceQuality
from fnt_server.auth import logins, users
from fnt_server.db.models import Job
from fnt_server.jobs import leases, step_results
from fnt_server.jobs.findings import BookFindings
from fnt_server.web.services import Services
from pdfs import make_pdf
from server.records import LEASE_S, make_password_user, plan

PASSWORD = "correct horse battery"
PDF = make_pdf()
LEAKS = re.compile(
    r"Traceback|SELECT |INSERT |UPDATE |sqlalchemy|sqlite|psycopg|obstore|/work|/tmp|/home|\.py\b",
    re.IGNORECASE,
)
BOUNDARY = "cut-here"
_numbers = itertools.count(1)


def services_of(app: Flask) -> Services:
    services: Services = app.extensions["fnt"]
    return services


class ApiUser:
    """One user with a token, asking through Flask's own client from an address of their own."""

    def __init__(self, app: Flask, *, email: str, token: str | None) -> None:
        self.app = app
        self.email = email
        self.token = token
        self.address = f"10.0.{next(_numbers) // 250}.{next(_numbers) % 250}"

    def ask(self, method: str, path: str, **options: Any) -> TestResponse:
        headers = dict(options.pop("headers", {}))
        if self.token is not None:
            headers.setdefault("Authorization", f"Bearer {self.token}")
        return self.app.test_client().open(
            path,
            method=method,
            headers=headers,
            environ_overrides={"REMOTE_ADDR": self.address},
            **options,
        )

    def get(self, path: str, **options: Any) -> TestResponse:
        return self.ask("GET", path, **options)

    def post(self, path: str, **options: Any) -> TestResponse:
        return self.ask("POST", path, **options)

    def delete(self, path: str) -> TestResponse:
        return self.ask("DELETE", path)

    def confirm(self, key: str | None = None, **content: Any) -> TestResponse:
        headers = {paths.IDEMPOTENCY_KEY: key} if key is not None else {}
        body = {"original_filename": "roman.pdf", **content}
        return self.post(paths.CONFIRM, json=body, headers=headers)

    def upload(self, job_id: object, content: bytes = PDF, **options: Any) -> TestResponse:
        return self.send(form(job_id, content), **options)

    def send(self, body: bytes, *, boundary: str = BOUNDARY, **options: Any) -> TestResponse:
        content_type = f"multipart/form-data; boundary={boundary}"
        return self.post(
            paths.UPLOAD, input_stream=BytesIO(body), content_length=len(body),
            content_type=content_type, **options,
        )  # fmt: skip

    def job(self, *, content: bytes = PDF, **settings: Any) -> int:
        """Make a job with its file; nobody works on it."""
        job_id: int = self.confirm(**settings).json["job_id"]
        assert self.upload(job_id, content).status_code == 202
        return job_id

    def snapshot(self, job_id: int) -> JobSnapshot:
        return JobSnapshot.from_wire(self.get(paths.job(job_id)).json)


def make_api_user(app: Flask, *, password: bool = False) -> ApiUser:
    """Add a user; with a password when they are to log in (hashing takes its time)."""
    email = f"caller{next(_numbers)}@example.org"
    database = services_of(app).database
    if password:
        make_password_user(database, email, PASSWORD)
        return ApiUser(app, email=email, token=None)
    with database.write() as session:
        session.add(logins.User(email=email, name="c", password_hash="-", created_at=1.0))
    return ApiUser(app, email=email, token=users.make_personal_token(database, email, days=1))


def form(job_id: object, content: bytes = PDF, *, end: bool = True) -> bytes:
    return parts([("job_id", str(job_id).encode()), ("pdf_file", content)], end=end)


def parts(fields: Iterable[tuple[str, bytes]], *, end: bool = True) -> bytes:
    body = b""
    for name, value in fields:
        file = '; filename="roman.pdf"' if name == "pdf_file" else ""
        head = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"{file}\r\n\r\n'
        body += head.encode() + value + b"\r\n"
    return body + (f"--{BOUNDARY}--\r\n".encode() if end else b"")


def assert_refused(response: TestResponse, status: int, code: str) -> dict[str, Any]:
    """Check status, code and the one shape; returns the body without the request's id."""
    body = dict(response.json or {})
    assert (response.status_code, body.get("error_code")) == (status, code), response.text
    assert body.pop("request_id") == response.headers["X-Request-Id"]
    assert set(body) <= {"error", "error_code", "details"}
    assert isinstance(body["error"], str)
    assert 5 < len(body["error"]) < 200
    assert "\n" not in body["error"]
    assert not LEAKS.search(response.text), response.text
    assert response.headers.getlist("Content-Type") == ["application/json"]
    return body


def run_to_end(
    services: Services,
    job_id: int,
    lines: list[dict[str, Any]],
    *,
    found: BookFindings | None = None,
    quality: PieceQuality | None = None,
) -> Job:
    """Do the workers' part for the only job that is ready."""
    database, result = services.database, f"jobs/{job_id}/result-1.jsonl"
    services.storage.put(result, [json.dumps(line).encode() + b"\n" for line in lines])
    claimed = _take(services, job_id)
    step_results.record_page_count(database, claimed, page_count=1, chunks=1)
    step_results.complete_analysis(database, claimed, plan(1), found=found)
    step_results.complete_chunk(
        database,
        _take(services, job_id),
        output_key="k",
        sentence_count=1,
        quality=quality,
    )
    job = step_results.complete_merge(
        database, _take(services, job_id), result_key=result, sentence_count=len(lines)
    )
    assert job is not None
    return job


def _take(services: Services, job_id: int) -> leases.ClaimedStep:
    """Take the job's next step; those of other tests' jobs are let be."""
    for _ in range(1000):
        claimed = leases.claim(services.database, owner="t", lease_s=LEASE_S)
        assert claimed is not None
        if claimed[0].job_id == job_id:
            return claimed[0]
    raise AssertionError("too many steps of others")
