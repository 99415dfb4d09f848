"""ApiClient: requests, responses, and retries."""

from __future__ import annotations

import json
import ssl
from urllib.parse import parse_qsl

import httpx
import pytest

from builders import make_snapshot
from fakes import SERVER, Script, json_response, refusal
from fnt.api.body import MAX_ANSWER_BYTES
from fnt.api.client import ApiClient
from fnt.api.device import AuthorizationPending, DeviceGrant
from fnt.api.errors import redirect_hint, retry_after_s, translated
from fnt.api.retry import Retry
from fnt.api.tls import make_ssl_context
from fnt.config.credentials import Tokens
from fnt.errors import (
    AuthError,
    NotFoundError,
    ProtocolError,
    QuotaError,
    RejectedError,
    TemporaryError,
    UsageError,
)
from fnt.wire.job_status import JobStatus
from fnt.wire.jobs import ProcessingSettings
from fnt.wire.responses import DeviceCodes, Health, User

JOB = make_snapshot()
ME = {"id": 1, "email": "a@b.fr"}
CHUNK = {
    "chunk_id": 1, "start_page": 1, "end_page": 9, "status": "failed", "attempts": 3,
    "by_rules": {"lost_words": 2}, "last_error": "died", "last_error_code": "WORKER_LOST",
}  # fmt: skip


class Naps(list):
    """A sleep that takes no time."""

    def retry(self, **changes):
        return Retry(sleep=self.append, random=lambda: 1.0, clock=lambda: 0.0, **changes)


@pytest.fixture
def make_client():
    clients = []

    def make(*answers, retry=None, auth=None):
        script = Script(*answers)
        client = ApiClient(
            SERVER,
            auth=auth,
            transport=script.transport,
            retry=retry or Naps().retry(),
            clock=lambda: 1000.0,
        )
        clients.append(client)
        return client, script

    yield make
    for client in clients:
        client.close()


def jobs_page(*jobs, cursor=None):
    return json_response(200, {"jobs": [job.to_wire() for job in jobs], "next_cursor": cursor})


def told(status=201):
    return json_response(status, {"job_id": 12, "status": "pending", "job": JOB.to_wire()})


def test_login_gives_tokens_with_their_end(make_client):
    answer = {
        "access_token": "a",
        "refresh_token": "r",
        "expires_in": 900,
        "user": {"email": "A@b.fr"},
    }
    client, script = make_client(json_response(200, answer))

    tokens = client.login("a@b.fr", "secret")

    assert tokens == Tokens(access_token="a", refresh_token="r", expires_at=1900.0, email="A@b.fr")
    assert json.loads(script.bodies[0]) == {"email": "a@b.fr", "password": "secret"}


@pytest.mark.parametrize(
    "changes", [{"access_token": None}, {"expires_in": "soon"}, {"expires_in": True}]
)
def test_login_answer_without_tokens_is_a_protocol_error(make_client, changes):
    answer = {"access_token": "a", "refresh_token": "r", "expires_in": 9, "user": None} | changes
    client, _ = make_client(json_response(200, answer))

    with pytest.raises(ProtocolError):
        client.login("a@b.fr", "secret")


def test_refresh_sends_the_refresh_token_and_keeps_the_email(make_client):
    answer = {"access_token": "a2", "refresh_token": "r2", "expires_in": 900}
    client, script = make_client(json_response(200, answer))
    old = Tokens(access_token="a", refresh_token="r", expires_at=0, email="a@b.fr")

    assert client.refresh(old).email == "a@b.fr"
    assert script.requests[0].headers["Authorization"] == "Bearer r"


def test_confirm_sends_everything_under_its_key(make_client):
    client, script = make_client(told())

    job = client.confirm(
        filename="novel.pdf",
        settings=ProcessingSettings(sentence_length_limit=12),
        size_bytes=9,
        page_count=None,
        sha256="ab",
        idempotency_key="k1",
    )

    assert job == JOB
    assert script.requests[0].headers["Idempotency-Key"] == "k1"
    body = json.loads(script.bodies[0])
    assert body["processing_settings"]["sentence_length_limit"] == 12
    assert (body["original_filename"], body["file_size"], body["sha256"]) == ("novel.pdf", 9, "ab")


def test_upload_streams_the_file_and_sends_it_again_whole(make_client, tmp_path):
    path = tmp_path / "x.pdf"
    path.write_bytes(b"%PDF-1.7 text")
    client, script = make_client(httpx.ReadError("reset"), told(202))
    sent = []

    assert client.upload(12, path, filename="x.pdf", on_sent=sent.append) == JOB

    assert sent == [13, 13]
    assert b"%PDF-1.7 text" in script.bodies[1]
    assert script.requests[1].headers["Content-Length"] == str(len(script.bodies[1]))


def test_get_job_asks_by_version(make_client):
    client, script = make_client(httpx.Response(304), json_response(200, JOB.to_wire()))

    assert client.get_job(12, etag_version=3) is None
    assert client.get_job(12) == JOB
    assert script.requests[0].headers["If-None-Match"] == '"3"'
    assert "If-None-Match" not in script.requests[1].headers


def test_list_jobs_follows_the_cursor_to_the_limit(make_client):
    pages = [
        jobs_page(make_snapshot(id=3), make_snapshot(id=2), cursor="c1"),
        jobs_page(make_snapshot(id=1), make_snapshot(id=0), cursor="c2"),
    ]
    client, script = make_client(*pages)

    jobs = list(client.list_jobs(status=JobStatus.FAILED, limit=3))

    assert [job.id for job in jobs] == [3, 2, 1]
    assert dict(script.requests[0].url.params) == {"status": "failed", "limit": "3"}
    assert dict(script.requests[1].url.params) == {"status": "failed", "limit": "1", "cursor": "c1"}


def test_list_jobs_ends_when_the_cursor_stands_still(make_client):
    client, script = make_client(jobs_page(JOB, cursor="c1"))

    with pytest.raises(ProtocolError):
        list(client.list_jobs(limit=None))
    assert len(script.requests) == 2


def test_list_jobs_by_ids(make_client):
    client, script = make_client(jobs_page(JOB))

    list(client.list_jobs(ids=[12, 13], limit=None))

    assert script.requests[0].url.params["ids"] == "12,13"


def test_list_jobs_by_content(make_client):
    client, script = make_client(jobs_page(JOB))

    list(client.list_jobs(sha256="ab" * 32))

    assert script.requests[0].url.params["sha256"] == "ab" * 32


def test_chunks_me_health_logout_cancel_retry(make_client):
    client, script = make_client(
        json_response(200, {"chunks": [CHUNK]}),
        json_response(200, ME),
        json_response(200, {"status": "ok", "service": "fnt-server"}),
        json_response(200, {}),
        json_response(200, JOB.to_wire()),
        json_response(201, JOB.to_wire()),
    )

    assert [chunk.to_wire() for chunk in client.chunks(12)] == [CHUNK]
    assert client.me() == User(id=1, email="a@b.fr")
    assert client.health() == Health(status="ok", service="fnt-server")
    client.logout(everywhere=True)
    assert client.cancel(12) == JOB
    assert client.retry(12, idempotency_key="k") == JOB
    assert json.loads(script.bodies[3]) == {"all": True}
    assert [f"{r.method} {r.url.path}" for r in script.requests[4:]] == [
        "POST /api/v1/jobs/12/cancel",
        "POST /api/v1/jobs/12/retry",
    ]


def test_delete_whose_response_was_lost_is_not_an_error(make_client):
    client, _ = make_client(httpx.ReadTimeout("lost"), refusal(404, "JOB_NOT_FOUND"))

    client.delete(12)


@pytest.mark.parametrize(
    "call",
    [
        lambda client, _: client.get_job(12),
        lambda client, _: client.chunks(12),
        lambda client, _: client.cancel(12),
        lambda client, _: client.retry(12, idempotency_key="k"),
        lambda client, _: client.delete(12),
        lambda client, _: client.iter_result(12, "txt").__enter__(),
        lambda client, path: client.upload(12, path, filename="x.pdf", on_sent=lambda _: None),
    ],
    ids=["get", "chunks", "cancel", "retry", "delete", "result", "upload"],
)
def test_a_job_that_is_not_found_is_named(make_client, tmp_path, call):
    client, _ = make_client(refusal(404, "JOB_NOT_FOUND", "job not found"))
    path = tmp_path / "x.pdf"
    path.write_bytes(b"%PDF-")

    with pytest.raises(NotFoundError, match="job 12 not found") as caught:
        call(client, path)

    assert (caught.value.code, caught.value.request_id) == ("JOB_NOT_FOUND", "r-1")


@pytest.mark.parametrize(
    ("call", "answer"),
    [
        (lambda client, _: client.get_job(13), json_response(200, JOB.to_wire())),
        (lambda client, _: client.cancel(13), json_response(200, JOB.to_wire())),
        (lambda client, path: client.upload(13, path, filename="x", on_sent=bool), told(202)),
    ],
    ids=["get", "cancel", "upload"],
)
def test_an_answer_with_another_job_is_none(make_client, tmp_path, call, answer):
    client, _ = make_client(answer)
    path = tmp_path / "x.pdf"
    path.write_bytes(b"%PDF-")

    with pytest.raises(ProtocolError, match="job 12 instead of job 13"):
        call(client, path)


def test_result_comes_in_pieces(make_client):
    client, script = make_client(httpx.Response(200, content=b"Un.\nDeux.\n"))

    with client.iter_result(12, "txt") as pieces:
        assert b"".join(pieces) == b"Un.\nDeux.\n"
    assert script.requests[0].url.params["format"] == "txt"


def test_result_that_is_refused_raises_on_opening(make_client):
    client, _ = make_client(refusal(409, "CONFLICT"))

    with pytest.raises(RejectedError), client.iter_result(12, "txt"):
        pass


class Torn(httpx.SyncByteStream):
    """A body that is cut off."""

    def __iter__(self):
        yield b"Un."
        raise httpx.RemoteProtocolError("peer closed")


def test_result_that_breaks_off_is_temporary(make_client):
    client, _ = make_client(httpx.Response(200, stream=Torn()))

    with client.iter_result(12, "txt") as pieces, pytest.raises(TemporaryError):
        b"".join(pieces)


@pytest.mark.parametrize(
    ("status", "code", "kind"),
    [
        (400, "BAD_REQUEST", RejectedError),
        (401, "TOKEN_EXPIRED", AuthError),
        (402, "RATE_LIMITED", QuotaError),
        (404, "JOB_NOT_FOUND", NotFoundError),
        (409, "CONFLICT", RejectedError),
        (413, "FILE_TOO_LARGE", RejectedError),
        (413, "QUOTA_EXCEEDED", QuotaError),
        (429, "RATE_LIMITED", TemporaryError),
        (429, "TOO_MANY_JOBS", TemporaryError),
        (503, "QUEUE_FULL", TemporaryError),
        (500, "INTERNAL", TemporaryError),
        (503, "UNAVAILABLE", TemporaryError),
        (507, "STORAGE_FULL", TemporaryError),
    ],
)
def test_errors_carry_code_sentence_and_request_id(make_client, status, code, kind):
    client, _ = make_client(refusal(status, code, "so it is"))

    with pytest.raises(kind) as caught:
        client.me()

    assert type(caught.value) is kind
    assert (caught.value.message, caught.value.code) == ("so it is", code)
    assert caught.value.request_id == "r-1"


@pytest.mark.parametrize(
    "body", [b"<html>Bad gateway</html>", b"[1]", b'{"error": 7}', b"[" * 9999]
)
def test_errors_of_a_proxy_have_a_plain_sentence(make_client, body):
    client, _ = make_client(httpx.Response(502, content=body))

    with pytest.raises(TemporaryError, match="a proxy cannot reach the server"):
        client.me()


def test_error_in_the_format_of_the_rfc_keeps_its_sentence(make_client):
    client, _ = make_client(json_response(400, {"error": "invalid_client"}))

    with pytest.raises(RejectedError, match="invalid_client") as caught:
        client.me()

    assert (caught.value.code, caught.value.request_id) == (None, None)


@pytest.mark.parametrize(
    ("call", "body", "words"),
    [
        ("me", {"id": 1}, "not a user: email must be a string"),
        ("health", {"status": 1, "service": "x"}, "not a health report: status must be a string"),
    ],
)
def test_answer_that_is_not_what_was_asked_for_names_the_field(make_client, call, body, words):
    client, _ = make_client(json_response(200, body))

    with pytest.raises(ProtocolError, match=words):
        getattr(client, call)()


def test_errors_sentence_is_kept_short(make_client):
    client, _ = make_client(refusal(400, "BAD_REQUEST", "x" * 10_000))

    with pytest.raises(RejectedError) as caught:
        client.me()

    assert len(caught.value.message) == 500


def test_redirect_is_never_followed(make_client):
    client, script = make_client(
        httpx.Response(302, headers={"Location": "https://evil.example/api"})
    )

    with pytest.raises(ProtocolError) as caught:
        client.me()

    assert len(script.requests) == 1
    assert str(caught.value.hint).startswith("it redirects to another host")


@pytest.mark.parametrize("body", [b"", b"<html>", b"[]", b"\xff", b"[" * 100_000])
def test_response_that_is_not_an_object_is_a_protocol_error(make_client, body):
    client, _ = make_client(httpx.Response(200, content=body))

    with pytest.raises(ProtocolError):
        client.me()


def test_response_that_is_not_a_job_names_the_field(make_client):
    client, _ = make_client(json_response(200, JOB.to_wire() | {"version": "x"}))

    with pytest.raises(ProtocolError, match="version must be an integer"):
        client.get_job(12)


def test_answer_without_end_is_cut(make_client):
    client, _ = make_client(httpx.Response(200, content=b" " * (MAX_ANSWER_BYTES + 1)))

    with pytest.raises(ProtocolError, match="too large"):
        client.me()


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (httpx.ConnectError("x"), "cannot reach"),
        (httpx.ConnectTimeout("x"), "no response"),
        (httpx.ReadTimeout("x"), "no response"),
        (httpx.RemoteProtocolError("x"), "lost the connection"),
    ],
)
def test_retry_of_a_broken_connection_ends_as_temporary(make_client, error, message):
    naps = Naps()
    client, script = make_client(error, retry=naps.retry())

    with pytest.raises(TemporaryError, match=message):
        client.me()

    assert len(script.requests) == 4
    assert naps == [0.6, 1.2, 2.4]


def test_a_refused_connection_gives_the_reason_and_a_hint() -> None:
    server = "http://127.0.0.1:9"
    with pytest.raises(httpx.ConnectError) as caught:
        httpx.get(server, trust_env=False)

    error = translated(caught.value, server=server)

    assert error.message == f"cannot reach {server} (connection refused)"
    assert (error.hint or "").startswith("start the server with: fnt-server run")


def test_retry_succeeds_when_the_server_is_back(make_client):
    naps = Naps()
    client, _ = make_client(
        refusal(503, "UNAVAILABLE", **{"Retry-After": "3"}),
        json_response(200, ME),
        retry=naps.retry(),
    )

    assert client.me().id == 1
    assert naps == [3.6]


def test_retry_does_not_wait_for_long(make_client):
    naps = Naps()
    client, _ = make_client(
        refusal(429, "RATE_LIMITED", **{"Retry-After": "300"}), retry=naps.retry()
    )

    with pytest.raises(TemporaryError) as caught:
        client.me()

    assert naps == []
    assert caught.value.retry_after_s == 300


def test_retry_ends_with_its_time():
    times = iter([50.0])
    retry = Retry(sleep=lambda _: None, clock=lambda: next(times))

    assert not retry.wait(TemporaryError("x"), 1, started_at=0.0)


@pytest.mark.parametrize("status", [400, 401, 404, 409])
def test_retry_never_repeats_what_is_refused(make_client, status):
    client, script = make_client(refusal(status, "CONFLICT"))

    with pytest.raises((RejectedError, AuthError, NotFoundError)):
        client.me()

    assert len(script.requests) == 1


@pytest.mark.parametrize(
    ("text", "seconds"),
    [(None, None), ("5", 5.0), ("soon", None), ("Thu, 01 Jan 1970 00:00:00 GMT", 0.0)],
)
def test_retry_after_is_read(text, seconds):
    assert retry_after_s(text) == seconds


def test_certificate_that_is_not_trusted_is_not_tried_again(make_client):
    error = httpx.ConnectError("x")
    error.__cause__ = ssl.SSLCertVerificationError(1, "self-signed")
    error.__cause__.verify_message = "self-signed certificate"
    client, script = make_client(error)

    with pytest.raises(UsageError, match="not trusted") as caught:
        client.me()

    assert "--ca-file" in caught.value.hint
    assert len(script.requests) == 1


def test_tls_reads_no_certificates_for_plain_http():
    assert make_ssl_context("http://127.0.0.1").get_ca_certs() == []


def test_tls_missing_authority_is_a_usage_error(tmp_path):
    with pytest.raises(UsageError, match="cannot read certificates"):
        make_ssl_context("https://a.example", tmp_path / "none.pem")


def test_tls_verifies_by_default():
    context = make_ssl_context("https://a.example")

    assert context.verify_mode is ssl.CERT_REQUIRED
    assert context.check_hostname


def test_client_closes_with_its_block():
    with ApiClient(SERVER, auth=None, transport=Script(told()).transport) as client:
        assert client.server == SERVER
    with pytest.raises(RuntimeError):
        client.me()


GRANTED = {
    "device_code": "d-canary",
    "user_code": "BCDF-GHJK",
    "verification_uri": f"{SERVER}/device",
    "expires_in": 600,
    "interval": 5,
}
PAIR = {
    "access_token": "a",
    "refresh_token": "r",
    "expires_in": 900,
    "token_type": "Bearer",
    "user": {"id": 1, "email": "a@b.fr", "name": "a"},
}
GRANT = DeviceGrant.of(DeviceCodes.from_wire(GRANTED), server=SERVER)


def test_a_device_login_is_asked_for_as_the_rfc_has_it(make_client):
    client, script = make_client(json_response(200, GRANTED), json_response(200, PAIR))

    grant = client.ask_device_login(host="laptop")
    tokens = client.poll_device_login(grant)

    assert (grant.user_code, grant.url, grant.interval_s) == ("BCDF-GHJK", f"{SERVER}/device", 5.0)
    assert "canary" not in repr(grant)
    assert tokens.email == "a@b.fr"
    asked, polled = (dict(parse_qsl(body.decode())) for body in script.bodies)
    assert asked == {"client_id": "fnt", "host": "laptop"}
    assert polled == {
        "client_id": "fnt",
        "device_code": "d-canary",
        "grant_type": "urn:ietf:params:oauth:grant-type:device_code",
    }


@pytest.mark.parametrize(
    "uri",
    [
        "",
        "device",
        "//127.0.0.1:5000/device",
        "http://127.0.0.1:5001/device",
        "https://127.0.0.1:5000/device",
        "http://evil.example/device",
        "http://127.0.0.1:5000@evil.example/device",
        "http://evil.example\\@127.0.0.1:5000/device",
        "http://127.0.0.1:5000.evil.example/",
        "javascript://127.0.0.1:5000/%0aalert(1)",
        "file:///etc/passwd",
        "http://127.0.0.1:5000/de vice",
        "http://127.0.0.1:5000/\x1b[2J",
        "http://127.0.0.1:5000/\u202eecived",
    ],
)
def test_login_page_on_another_server_is_rejected(uri):
    with pytest.raises(ProtocolError, match="on another site"):
        DeviceGrant.of(DeviceCodes.from_wire({**GRANTED, "verification_uri": uri}), server=SERVER)


@pytest.mark.parametrize(
    "changes",
    [
        {"device_code": None},
        {"user_code": 7},
        {"verification_uri": None},
        {"verification_uri": 7},
        {"user_code": ""},
        {"user_code": "X" * 41},
        {"expires_in": None},
        {"expires_in": True},
        {"expires_in": -1},
        {"expires_in": float("nan")},
        {"interval": "5"},
        {"interval": 0},
    ],
)
def test_a_grant_that_cannot_be_is_a_protocol_error(make_client, changes):
    body = json.dumps({**GRANTED, **changes}).encode()
    client, _ = make_client(httpx.Response(200, content=body))

    with pytest.raises(ProtocolError, match="not login codes: " + "".join(changes)):
        client.ask_device_login(host="laptop")


def test_a_grants_times_are_bounded():
    given = {**GRANTED, "interval": 0.001, "expires_in": 999_999}
    grant = DeviceGrant.of(DeviceCodes.from_wire(given), server=SERVER)

    assert (grant.interval_s, grant.expires_in_s) == (1.0, 3600.0)
    del given["interval"]
    assert DeviceGrant.of(DeviceCodes.from_wire(given), server=SERVER).interval_s == 5.0


@pytest.mark.parametrize(
    ("error", "outcome"),
    [
        ("authorization_pending", AuthorizationPending.PENDING),
        ("slow_down", AuthorizationPending.SLOW_DOWN),
    ],
)
def test_a_poll_that_has_to_wait(make_client, error, outcome):
    client, _ = make_client(json_response(400, {"error": error}))

    assert client.poll_device_login(GRANT) is outcome


@pytest.mark.parametrize(
    ("answer", "kind", "code"),
    [
        (json_response(400, {"error": "access_denied"}), AuthError, "ACCESS_DENIED"),
        (json_response(400, {"error": "expired_token"}), AuthError, "EXPIRED_TOKEN"),
        (json_response(400, {"error": "invalid_grant"}), AuthError, "INVALID_GRANT"),
        (json_response(400, {"error": "invalid_request"}), ProtocolError, None),
        (json_response(400, {"error": ["x"]}), ProtocolError, None),
        (json_response(400, []), ProtocolError, None),
        (refusal(429, "RATE_LIMITED", **{"Retry-After": "9"}), TemporaryError, "RATE_LIMITED"),
        (refusal(503, "UNAVAILABLE"), TemporaryError, "UNAVAILABLE"),
        (httpx.ConnectError("no"), TemporaryError, "UNREACHABLE"),
        (json_response(200, {"access_token": "a"}), ProtocolError, None),
    ],
)
def test_a_poll_that_ends_or_is_lost(make_client, answer, kind, code):
    client, script = make_client(answer)

    with pytest.raises(kind) as caught:
        client.poll_device_login(GRANT)

    assert caught.value.code == code
    assert len(script.requests) == 1  # when to ask again is for who waits to decide


@pytest.mark.parametrize(
    ("location", "hint"),
    [
        ("https://server.example/x?token=1", "it redirects to https://server.example; pass that"),
        ("https://u:p@server.example:8443/x", "it redirects to https://server.example:8443; pass"),
        ("/elsewhere", "it redirects to another path"),
        ("https://evil.example/?next=1", "it redirects to another host"),
        ("//evil.example/x", "it redirects to another host"),
        ("https://server.example@evil.example/", "it redirects to another host"),
        ("javascript:alert(1)", "it redirects to another host"),
        ("https://[", "it redirects to another host"),
    ],
)
def test_a_redirect_names_an_origin_of_the_same_host_at_most(location: str, hint: str) -> None:
    assert redirect_hint(location, server="http://server.example/api/v1/jobs").startswith(hint)
